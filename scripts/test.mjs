// `npm test`: types, format (`npm run format` fixes it), lint, import direction, then the tests; the last line is the
// total, "N passed, N failed". With arguments, runs only the test files that match them: `npm test -- test/engine`.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ENTRIES, ROOMS } from "./rooms.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const SOURCES = [...ROOMS, "test", ...ENTRIES];
/** Checks before the tests, in two rows that run beside each other. */
const CHECKS = [
  [
    [
      "types",
      "typescript",
      "tsc",
      ["--noEmit", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/types.tsbuildinfo"],
    ],
    ["imports", "dependency-cruiser", "depcruise", SOURCES],
  ],
  [
    ["format", "prettier", "prettier", ["--check", "--log-level", "warn", "."]],
    ["lint", "eslint", "eslint", ["."]],
  ],
];

const filters = process.argv.slice(2);
let passed = 0;
let failed = 0;
/** Files with tests that were left out, since the machine lacks what they need. */
let incomplete = [];
let left = 0;

if (filters.length === 0) await Promise.all(CHECKS.map(runChecks));
runTests();

if (left > 0)
  console.log(
    `\n${left} not run, since this machine lacks what they need: ${incomplete.join(", ")}. Several ranks need Open MPI (Debian: apt-get install openmpi-bin libopenmpi3).`,
  );
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/** Runs checks one after the other, each of which counts as one test, and shows what each printed once it ends. */
async function runChecks(checks) {
  for (const [name, packageName, bin, words] of checks) {
    const child = spawn(process.execPath, [scriptOf(packageName, bin), ...words]);
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (printed += text));
    const [status] = await once(child, "close");
    console.log(`\n${name}\n${printed}`);
    if (status === 0) passed += 1;
    else failed += 1;
  }
}

/**
 * Adds vitest's counts. Builds first, since several tests that run the command line start at once. A file that does not
 * load, or an end without a report, counts as one failure.
 */
function runTests() {
  spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "unfold-test-"));
  const path = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${path}`];
  const vitest = [scriptOf("vitest", "vitest"), "run", ...reporters, ...filters];
  const { status } = spawnSync(process.execPath, vitest, { stdio: "inherit" });
  let broken = 1;
  if (existsSync(path)) {
    const report = JSON.parse(readFileSync(path, "utf8"));
    broken = report.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
    ).length;
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    left = report.numPendingTests;
    incomplete = report.testResults
      .filter((file) => file.assertionResults.some(({ status }) => status === "skipped" || status === "pending"))
      .map((file) => relative(process.cwd(), file.name));
    if (status !== 0 && report.numFailedTests + broken === 0) broken = 1; // an error outside every test
  }
  failed += broken;
  rmSync(folder, { recursive: true });
}

/** The file of a package's command. */
function scriptOf(packageName, bin) {
  const require = createRequire(import.meta.url);
  const folder = dirname(packageJson(require, packageName));
  const { bin: bins } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return join(folder, typeof bins === "string" ? bins : bins[bin]);
}

/** Some packages do not export their package.json, so it is looked for upwards from `node_modules`. */
function packageJson(require, packageName) {
  const folder = require.resolve
    .paths(packageName)
    .find((folder) => existsSync(join(folder, packageName, "package.json")));
  if (folder === undefined) throw new Error(`${packageName} is not installed: run npm ci`);
  return join(folder, packageName, "package.json");
}
