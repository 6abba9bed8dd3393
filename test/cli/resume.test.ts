import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { readLog } from "../../train/log/log.ts";
import { build, ROOT, unfold } from "../built.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

/*
 * A run that was interrupted or killed, and resumed, is the same as one that was not: losses, error rates, weights, moments.
 * Steps are logged in threes and saved in fours, so checkpoints fall between records.
 */

let folder: string;
const at = (name: string): string => join(folder, name);
const words = (out: string, ...more: string[]): string[] => [
  "train",
  at("config.yaml"),
  "--set",
  "seed=3",
  "--set",
  "model.stochastic_depth_rate=0.2",
  "--out",
  at(out),
  ...more,
];

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-resume-"));
  await writeSmallCorpus(folder);
  expect(await unfold(words("whole"))).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command line and sends a signal as soon as `text` has been printed so many times. */
function interrupted(
  line: string[],
  signal: NodeJS.Signals,
  text: string,
  times = 1,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [`${ROOT}dist/cli/main.js`, ...line], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  let sent = false;
  child.stdout.setEncoding("utf8").on("data", (part: string) => (stdout += part));
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    stderr += part;
    if (!sent && stderr.split(text).length > times) sent = child.kill(signal);
  });
  return new Promise((resolve, reject) =>
    child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr })),
  );
}

/** All that a log says of the computation, without times, sizes and what every part of a run begins and ends with. */
const course = (run: string): object[] =>
  readLog(at(`${run}/log.jsonl`)).flatMap((record): object[] => {
    if (record.type === "step") return [{ ...record, seconds: 0, framesPerSecond: 0, dataWaitShare: 0, gpuBytes: 0 }];
    if (record.type === "result")
      return [{ ...record, rows: record.rows.map((row) => ({ ...row, realTimeFactor: 0 })) }];
    return record.type === "dev" ? [record] : [];
  });

function expectSameRun(run: string): void {
  expect(course(run)).toEqual(course("whole"));
  for (const file of ["last.safetensors", "best.safetensors"]) {
    const [found, expected] = [loadCheckpoint(at(`${run}/${file}`)), loadCheckpoint(at(`whole/${file}`))];
    expect({ ...found.state, seconds: 0 }).toEqual({ ...expected.state, seconds: 0 });
    expect([...found.tensors.keys()]).toEqual([...expected.tensors.keys()]);
    const bits = ({ values }: { values: ArrayBufferView }): Buffer =>
      Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const different = [...expected.tensors]
      .filter(([name, tensor]) => !bits(found.tensors.get(name)!).equals(bits(tensor)))
      .map(([name]) => name);
    expect(different).toEqual([]);
  }
}

const stepOf = (run: string): number => loadCheckpoint(at(`${run}/last.safetensors`)).state.step;

describe("Ctrl-C", () => {
  it("saves, says how to go on, and exits with 130; twice interrupted, the run is the same in the end", async () => {
    const first = await interrupted(words("stopped"), "SIGINT", "step 3/20");
    expect(first).toMatchObject({
      status: 130,
      stdout: `\nSaved. Resume with: unfold train ${at("config.yaml")} --set seed=3 --set model.stochastic_depth_rate=0.2 --out ${at("stopped")} --resume\n`,
    });
    expect(first.stderr).toContain("\nunfold: saving after this step; interrupt again to stop at once\n");
    expect(readLog(at("stopped/log.jsonl")).at(-1)).toEqual({ type: "end", reason: "interrupted" });
    cpSync(at("stopped"), at("full"), { recursive: true });

    const before = stepOf("stopped");
    const second = await interrupted(words("stopped", "--resume"), "SIGINT", "resuming after step");
    expect(second.status).toBe(130);
    expect(stepOf("stopped")).toBeGreaterThan(before);
    expect(stepOf("stopped")).toBeLessThan(20);

    expect(await unfold(words("stopped", "--resume"))).toMatchObject({ status: 0 });
    expectSameRun("stopped");
  });

  it("a full disk fails the resumed run; its checkpoint survives", async () => {
    // Every write to this device says that it is full.
    symlinkSync("/dev/full", at("full/last.safetensors.partial"));
    const before = readFileSync(at("full/last.safetensors"));
    const { status, stderr } = await unfold(words("full", "--resume"));
    expect(status).toBe(1);
    expect(stderr.split("\n").filter((line) => line.startsWith("unfold: "))).toEqual([
      `unfold: ${at("full/last.safetensors")} could not be written: the disk is full; the previous one, if any, is untouched`,
    ]);
    expect(stderr).not.toMatch(/\n +at /);
    expect(readFileSync(at("full/last.safetensors")).equals(before)).toBe(true);
    expect(existsSync(at("full/last.safetensors.partial"))).toBe(false);

    expect(await unfold(words("full", "--resume"))).toMatchObject({ status: 0 });
    expectSameRun("full");
  });
});

// Before its first checkpoint a run begins anew; at its tests it has results already, which are not to be there twice.
it.each([
  ["before the first step", "reading dev", 1],
  ["between two checkpoints", "step 6/20", 1],
  ["in its tests", "testing on", 1],
])(
  "kill -9 %s: the run goes on from its last checkpoint, if it has one, and is the same in the end",
  async (moment, text, times) => {
    const run = `killed ${moment}`;
    const killed = await interrupted(words(run), "SIGKILL", text, times);
    expect(killed.status).toBeNull();
    expect(existsSync(at(`${run}/run.lock`))).toBe(true);
    const begun = existsSync(at(`${run}/last.safetensors`));
    if (begun) expect(stepOf(run) % 4).toBe(0);
    expect(await unfold(words(run, ...(begun ? ["--resume"] : [])))).toMatchObject({ status: 0 });
    expect(existsSync(at(`${run}/run.lock`))).toBe(false);
    expectSameRun(run);
  },
);
