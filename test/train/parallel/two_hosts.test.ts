import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { build, ROOT } from "../../built.ts";
import { writeSmallCorpus } from "../../small_corpus.ts";
import { reached, sentences, setting, stepsOf, succeeded, unfoldRanks } from "./runs.ts";
import { hasTwoHosts, TwoHosts } from "./two_hosts.ts";

const MAIN = `${ROOT}dist/cli/main.js`;

let folder: string;
let hosts: TwoHosts;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-two-hosts-"));
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

describe.skipIf(!hasTwoHosts)("two hosts", () => {
  beforeEach(() => void (hosts = new TwoHosts()));
  afterEach(() => hosts.close());

  it("train as two ranks on one do, bit by bit", async () => {
    const four = ["steps=4", "eval.every_steps=100", "checkpoint.every_steps=100"];
    await succeeded(hosts.mpirun([MAIN, ...words("apart", ...four)]));
    await succeeded(unfoldRanks(2, words("together", ...four)));
    expect(stepsOf(at("apart"))).toHaveLength(4);
    expect(stepsOf(at("apart"))).toEqual(stepsOf(at("together")));
  }, 240_000);

  // Open MPI's mpirun itself goes on waiting for its daemon on the other host, until TCP gives up.
  it("a cable that is cut is noticed: the step is named, and the ranks of both hosts end", async () => {
    const long = ["steps=100000", "eval.every_steps=100000", "checkpoint.every_steps=100000", "parallel.timeout_s=5"];
    const run = hosts.mpirun([MAIN, ...words("cut", ...long)]);
    await reached(3, at("cut"), run);
    expect(hosts.ranks).toBe(2);
    hosts.cutCable();
    await expect.poll(() => hosts.ranks, { timeout: 60_000 }).toBe(0);
    await expect
      .poll(() => sentences(run.printed.stderr)[0], { timeout: 10_000 })
      .toMatch(
        /^unfold: rank 0 has waited 5 s for the other rank at step \d+: one of them has stopped or cannot be reached/u,
      );
    hosts.close();
    await run;
  }, 240_000);
});
