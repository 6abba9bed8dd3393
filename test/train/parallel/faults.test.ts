import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, ROOT } from "../../built.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { hasMpi, mpirun, type Ranks } from "./mpirun.ts";
import { logOf, reached, sentences, setting, stepsOf, unfoldRanks } from "./runs.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-faults-"));
  await writeSmallCorpus(folder);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = (run: string, ...sets: string[]): string[] => [
  "train",
  at("config.yaml"),
  ...setting("log.every_steps=1", ...sets),
  "--out",
  at(run),
];

/** A run that would take hours. */
const LONG = ["steps=100000", "eval.every_steps=100000", "checkpoint.every_steps=4"];

/** The process of a rank among the children of mpirun. */
function processOf(rank: number, { pid }: Ranks): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  const found = children.find((child) =>
    readFileSync(`/proc/${child}/environ`, "utf8").split("\0").includes(`OMPI_COMM_WORLD_RANK=${rank}`),
  );
  if (found === undefined) throw new Error(`rank ${rank} is not among the processes ${children.join(", ")}`);
  return found;
}

describe.skipIf(!hasMpi)("faults of several ranks", () => {
  /** Sends mpirun a signal once a run has come so far, and expects that all ranks stop at the same step, which is saved. */
  const stopped = async (run: string, signal: NodeJS.Signals, after: number, ...more: string[]): Promise<void> => {
    // After SIGINT and SIGTERM mpirun gives its processes a second, unless it is told otherwise; SIGUSR2 it only passes on.
    const env = signal === "SIGUSR2" ? {} : { OMPI_MCA_odls_base_sigkill_timeout: "10" };
    const ranks = unfoldRanks(2, [...words(run, ...LONG), ...more], { seconds: 120, env });
    await reached(after, at(run), ranks);
    process.kill(ranks.pid, signal);
    const { status, stdout, stderr } = await ranks;
    expect(status).toBeGreaterThan(0);
    expect(sentences(stderr)).toEqual(["unfold: saving after this step"]);
    expect(stdout).toMatch(/^Saved\. Resume with: unfold train /mu);
    expect(logOf(at(run)).at(-1)).toEqual({ type: "end", reason: "interrupted" });
    expect(savedStep(run)).toBe(stepsOf(at(run)).at(-1)!.step);
  };
  const savedStep = (run: string): number =>
    (JSON.parse(readFileSync(at(`${run}/last.json`), "utf8")) as { step: number }).step;

  // One run through four faults: each test goes on where the one before it has stopped.
  it("SIGINT stops all ranks at the same step, which is saved", () => stopped("broken", "SIGINT", 3), 150_000);

  it("a rank that is killed ends all within seconds, with the last checkpoint whole", async () => {
    const from = savedStep("broken");
    const ranks = unfoldRanks(2, [...words("broken", ...LONG), "--resume"], { seconds: 120 });
    await reached(from + 6, at("broken"), ranks);
    const other = processOf(0, ranks);
    process.kill(processOf(1, ranks), "SIGKILL");
    const started = performance.now();
    const { status } = await ranks;
    await expect.poll(() => existsSync(`/proc/${other}`), { timeout: 20_000 }).toBe(false); // mpirun may end before it
    expect(performance.now() - started).toBeLessThan(20_000); // 5 s on a machine with a core for each
    expect(status).toBeGreaterThan(0);
    expect(savedStep("broken") % 4).toBe(0);
    expect(savedStep("broken")).toBeGreaterThan(from);
  }, 150_000);

  it(
    "SIGUSR2, once it has gone on from there",
    // The log has steps behind the last checkpoint, of the rank that was killed: more than those are new ones.
    () => stopped("broken", "SIGUSR2", stepsOf(at("broken")).length + 3, "--resume"),
    150_000,
  );

  it("SIGTERM; and nothing of all this has changed any number", async () => {
    const steps = savedStep("broken");
    await stopped("unbroken", "SIGTERM", steps);
    expect(stepsOf(at("broken"))).toEqual(stepsOf(at("unbroken")).slice(0, steps));
  }, 150_000);

  it("a rank that stands still is noticed: the step is named, and all end", async () => {
    const impatient = words("unbroken", ...LONG, "parallel.timeout_s=3");
    const ranks = unfoldRanks(2, [...impatient, "--resume"], { seconds: 120 });
    await reached(savedStep("unbroken") + 1, at("unbroken"), ranks);
    process.kill(processOf(1, ranks), "SIGSTOP");
    const { status, stderr } = await ranks;
    expect(status).toBe(1);
    expect(sentences(stderr)).toHaveLength(1);
    expect(sentences(stderr)[0]).toMatch(
      /^unfold: rank 0 has waited 3 s for the other rank at step \d+: one of them has stopped or cannot be reached/u,
    );
  }, 200_000);

  it("a mistake that all ranks find is said once, with its exit code; one that only one finds, too", async () => {
    const missing = await unfoldRanks(2, words("wrong", "data.train=nowhere.jsonl"));
    expect(missing.status).toBe(2);
    expect(sentences(missing.stderr)).toHaveLength(1);
    expect(sentences(missing.stderr)[0]).toContain("nowhere.jsonl");

    const diverged = await unfoldRanks(2, words("diverged", "optimizer.learning_rate=1e30"));
    expect(diverged.status).toBe(1);
    expect(sentences(diverged.stderr)).toHaveLength(1);
    expect(sentences(diverged.stderr)[0]).toMatch(/^unfold: the loss became NaN at step \d+, /u);

    const halves = words("halves", "optimizer.learning_rate=1e30", "parallel.gradients=f16");
    const asHalves = await unfoldRanks(2, halves);
    expect(asHalves.status).toBe(1);
    expect(sentences(asHalves.stderr)).toHaveLength(1);
    expect(sentences(asHalves.stderr)[0]).toMatch(/^unfold: the loss became NaN at step \d+, /u);
  }, 180_000);

  it("a rank with another training set is refused before the first step", async () => {
    const lines = readFileSync(at("train.jsonl"), "utf8").split("\n").slice(1).join("\n");
    writeFileSync(at("fewer.jsonl"), lines);
    const script = `
      const words = ${JSON.stringify([words("apart"), words("apart", "data.train=fewer.jsonl")])}[Number(process.env.OMPI_COMM_WORLD_RANK)];
      process.argv.splice(1, 0, ${JSON.stringify(`${ROOT}dist/cli/main.js`)}, ...words);
      await import(${JSON.stringify(`file://${ROOT}dist/cli/main.js`)});`;
    const { status, stderr } = await mpirun(2, ["--input-type=module", "-e", script]);
    expect(status).toBe(2);
    expect(sentences(stderr)).toHaveLength(1);
    expect(sentences(stderr)[0]).toMatch(/started with something else than rank \d, so they cannot train together/u);
    expect(() => stepsOf(at("apart"))).toThrow();
  }, 120_000);
});
