import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TimedResult } from "../../bench/report/schema.ts";
import { compareWith } from "../../cli/bench.ts";
import { RunError } from "../../engine/errors.ts";
import { fixedReport } from "../bench/fixed_report.ts";
import { build, ROOT, unfold } from "../built.ts";

/** What is wrong with a command is said before anything is measured, and no file is touched that is not complete. */
describe("unfold bench", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeAll(() => {
    build();
    folder = mkdtempSync(join(tmpdir(), "unfold-bench-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [["--json", "none/a.json"], "--json: none/a.json cannot be written: the folder none does not exist"],
    [["--html", "/dev/null"], "--html: /dev/null cannot be written: it is not a file"],
    [["--json", "a", "--html", "./a"], "--json and --html name the same file"],
    [["--compare", "none.json"], "--compare: none.json does not exist"],
    [["--compare", "package.json"], "--compare: package.json is not a report of 'unfold bench --json'"],
    [["step", "--variants"], "--variants, --all and --tune apply to kernels, not to 'step'"],
    [
      ["steps"],
      "command-argument value 'steps' is invalid for argument 'part'. Allowed choices are kernels, step, all.",
    ],
    [["--tune", "--html", "a"], "option '--tune' cannot be used with option '--html <file>'"],
    [["--filter", "abacus"], "--filter: no benchmark case contains 'abacus'; the operations are "],
  ])("refuses %j", async (words, message) => {
    const { status, stdout, stderr } = await unfold(["bench", ...words]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr.startsWith(`unfold: ${message}`), stderr).toBe(true);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
  });

  it("refuses a comparison with another adapter", async () => {
    writeFileSync(at("old.json"), JSON.stringify(fixedReport()));
    const { status, stdout, stderr } = await unfold([
      "bench",
      "kernels",
      "--filter",
      "layer_norm",
      "--compare",
      at("old.json"),
    ]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(
      /^unfold: --compare: .*old\.json was measured on Abacus <2>, but this is .+: add --any-adapter to see the ratios anyway\n$/,
    );
  });

  it("writes both files, and compares with an earlier one", async () => {
    const words = ["bench", "kernels", "--all", "--filter", "layer_norm: odd"];
    const first = await unfold([...words, "--json", at("a.json"), "--html", at("a.html")]);
    expect(first.status, first.stderr).toBe(0);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(["a.html", "a.json"]));
    expect(readFileSync(at("a.html"), "utf8")).toContain("<title>");
    // A past so slow that this run is faster, whatever its spread on a busy machine.
    const past = JSON.parse(readFileSync(at("a.json"), "utf8"));
    for (const timing of [past.kernels.results[0].forward, past.kernels.results[0].forwardBackward])
      Object.assign(timing, { medianMs: 1e6, spreadMs: 0 });
    writeFileSync(at("past.json"), JSON.stringify(past));
    const { status, stdout } = await unfold([...words, "--compare", at("past.json")]);
    expect(stdout).toMatch(/^layer_norm: odd .+ faster$/m);
    expect(stdout).toContain("2 times, 0 slower and 2 faster beyond the spread.");
    expect(status).toBe(0);
  });

  it("ends with 1 and a sentence for what is slower, unless adapters may differ", () => {
    const now = fixedReport();
    Object.assign((now.kernels!.results[1] as TimedResult).forward, { medianMs: 3, spreadMs: 0.1 });
    const compared = (failing: boolean) => (): void =>
      compareWith(fixedReport(), now, { failing, out: new PassThrough() });
    expect(compared(true)).toThrow(RunError);
    expect(compared(true)).toThrow(
      "slower beyond the spread: worst is layer_norm: 800 x 256, 1.00 ms then and 3.00 ms now (3.00 times)",
    );
    expect(compared(false)).not.toThrow();
  });

  it("leaves a file as it was when it is interrupted", async () => {
    writeFileSync(at("kept.json"), "before");
    const before = readdirSync(folder);
    const child = spawn(process.execPath, [`${ROOT}dist/cli/main.js`, "bench", "kernels", "--json", at("kept.json")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await new Promise((resolve) => child.stderr.once("data", resolve)); // the cases are counted, measuring begins
    child.kill("SIGINT");
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(130);
    expect(readdirSync(folder)).toEqual(before);
    expect(readFileSync(at("kept.json"), "utf8")).toBe("before");
  });
});
