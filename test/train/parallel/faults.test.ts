import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, ROOT, type Outcome } from "../../built.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { hasMpi, mpirun, type Ranks } from "./mpirun.ts";
import { logOf, setting, stepsOf, unfoldRanks } from "./runs.ts";

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

/** Waits until a run has logged so many steps; throws if it ends before. */
async function reached(steps: number, run: string, ranks: Ranks): Promise<void> {
  let ended: Outcome | undefined;
  void ranks.then((outcome) => (ended = outcome));
  for (;;) {
    if (ended) throw new Error(`ended early: ${ended.stdout}${ended.stderr}`);
    try {
      if (stepsOf(at(run)).length >= steps) return;
    } catch {
      /* there is no log yet */
    }
    await pause(50);
  }
}

/** The process of a rank among the children of mpirun. */
function processOf(rank: number, { pid }: Ranks): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  const found = children.find((child) =>
    readFileSync(`/proc/${child}/environ`, "utf8").split("\0").includes(`OMPI_COMM_WORLD_RANK=${rank}`),
  );
  if (found === undefined) throw new Error(`rank ${rank} is not among the processes ${children.join(", ")}`);
  return found;
}

/** Lines that unfold itself printed, without those of mpirun. */
const sentences = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("unfold: "));

describe.skipIf(!hasMpi)("faults of several ranks", () => {
  it("a rank that is killed ends all within seconds; its run goes on from the last checkpoint, exactly", async () => {
    const ranks = unfoldRanks(2, words("killed", ...LONG), { seconds: 120 });
    await reached(6, "killed", ranks);
    process.kill(processOf(1, ranks), "SIGKILL");
    const started = performance.now();
    const { status } = await ranks;
    expect(performance.now() - started).toBeLessThan(20_000); // 5 s on a machine with a core for each
    expect(status).toBeGreaterThan(0);
    const { step } = JSON.parse(readFileSync(at("killed/last.json"), "utf8")) as { step: number };
    expect(step % 4).toBe(0);

    const short = ["steps=100000", "eval.every_steps=100000", "checkpoint.every_steps=4"];
    const again = unfoldRanks(2, [...words("killed", ...short), "--resume"], { seconds: 120 });
    await reached(step + 3, "killed", again);
    process.kill(again.pid, "SIGUSR2");
    await again;
    const whole = unfoldRanks(2, words("unbroken", ...short), { seconds: 120 });
    await reached(step + 3, "unbroken", whole);
    process.kill(whole.pid, "SIGUSR2");
    await whole;
    expect(stepsOf(at("killed")).slice(0, step + 3)).toEqual(stepsOf(at("unbroken")).slice(0, step + 3));
  }, 300_000);

  it.each(["SIGUSR2", "SIGTERM", "SIGINT"] as const)(
    "%s stops all ranks at the same step, which is saved",
    async (signal) => {
      // After SIGINT and SIGTERM mpirun gives its processes a second, unless it is told otherwise; SIGUSR2 it only passes on.
      const env = signal === "SIGUSR2" ? {} : { OMPI_MCA_odls_base_sigkill_timeout: "10" };
      const run = `stopped-${signal}`;
      const ranks = unfoldRanks(2, words(run, ...LONG), { seconds: 120, env });
      await reached(5, run, ranks);
      process.kill(ranks.pid, signal);
      const { status, stdout, stderr } = await ranks;
      expect(status).toBeGreaterThan(0);
      expect(sentences(stderr)).toEqual(["unfold: saving after this step"]);
      expect(stdout).toMatch(/^Saved\. Resume with: unfold train /mu);
      const log = logOf(at(run));
      expect(log.at(-1)).toEqual({ type: "end", reason: "interrupted" });
      const { step } = JSON.parse(readFileSync(at(`${run}/last.json`), "utf8")) as { step: number };
      expect(step).toBe(stepsOf(at(run)).at(-1)!.step);
    },
    200_000,
  );

  it("a rank that stands still is noticed: the step is named, and all end", async () => {
    const ranks = unfoldRanks(2, words("still", ...LONG, "parallel.timeout_s=3"), { seconds: 120 });
    await reached(4, "still", ranks);
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
  }, 120_000);

  it("another config or training set on one rank is refused before the first step", async () => {
    /** Rank 0 with some words, rank 1 with others. */
    const apart = async (first: string[], second: string[]): Promise<Outcome> => {
      const script = `
        const words = ${JSON.stringify([first, second])}[Number(process.env.OMPI_COMM_WORLD_RANK)];
        process.argv.splice(1, 0, ${JSON.stringify(`${ROOT}dist/cli/main.js`)}, ...words);
        await import(${JSON.stringify(`file://${ROOT}dist/cli/main.js`)});`;
      return mpirun(2, ["--input-type=module", "-e", script]);
    };
    const config = await apart(words("apart"), words("apart", "optimizer.weight_decay=0.5"));
    expect(config.status).toBe(2);
    expect(sentences(config.stderr)).toHaveLength(1);
    expect(sentences(config.stderr)[0]).toMatch(
      /started with something else than rank 0, so they cannot train together/u,
    );

    const lines = readFileSync(at("train.jsonl"), "utf8").split("\n").slice(1).join("\n");
    writeFileSync(at("fewer.jsonl"), lines);
    appendFileSync(at("fewer.jsonl"), "\n");
    const data = await apart(words("apart"), words("apart", "data.train=fewer.jsonl"));
    expect(data.status).toBe(2);
    expect(sentences(data.stderr)).toHaveLength(1);
    expect(() => stepsOf(at("apart"))).toThrow();
  }, 120_000);
});
