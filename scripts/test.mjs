// `npm test`: types, format (`npm run format` fixes it), lint, import direction, then the tests; the last line is the
// total, "N passed, N failed". With arguments, runs only the test files that match them: `npm test -- test/engine`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENTRIES, ROOMS } from "./rooms.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const SOURCES = [...ROOMS, "test", ...ENTRIES];
const STEPS = [
  [
    "types",
    "typescript",
    "tsc",
    ["--noEmit", "--incremental", "--tsBuildInfoFile", "node_modules/.cache/types.tsbuildinfo"],
  ],
  ["format", "prettier", "prettier", ["--check", "--log-level", "warn", "."]],
  ["lint", "eslint", "eslint", ["."]],
  ["imports", "dependency-cruiser", "depcruise", SOURCES],
];

const filters = process.argv.slice(2);
let passed = 0;
let failed = 0;

for (const [name, packageName, bin, words] of filters.length > 0 ? [] : STEPS) {
  console.log(`\n${name}`);
  if (run(packageName, bin, words) === 0) passed += 1;
  else failed += 1;
}
runTests();

console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

/**
 * Adds vitest's counts. Builds first, since several tests that run the command line start at once. A file that does not
 * load, or an end without a report, counts as one failure.
 */
function runTests() {
  spawnSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
  const folder = mkdtempSync(join(tmpdir(), "unfold-test-"));
  const path = join(folder, "report.json");
  const status = run("vitest", "vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${path}`,
    ...filters,
  ]);
  let broken = 1;
  if (existsSync(path)) {
    const report = JSON.parse(readFileSync(path, "utf8"));
    broken = report.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
    ).length;
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    if (status !== 0 && report.numFailedTests + broken === 0) broken = 1; // an error outside every test
  }
  failed += broken;
  rmSync(folder, { recursive: true });
}

/** Runs a package's command with this Node, without a shell; returns its exit status. */
function run(packageName, bin, words) {
  const require = createRequire(import.meta.url);
  const folder = dirname(packageJson(require, packageName));
  const { bin: bins } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const script = join(folder, typeof bins === "string" ? bins : bins[bin]);
  return spawnSync(process.execPath, [script, ...words], { stdio: "inherit" }).status ?? 1;
}

/** Some packages do not export their package.json, so it is looked for upwards from `node_modules`. */
function packageJson(require, packageName) {
  const folder = require.resolve
    .paths(packageName)
    .find((folder) => existsSync(join(folder, packageName, "package.json")));
  if (folder === undefined) throw new Error(`${packageName} is not installed: run npm ci`);
  return join(folder, packageName, "package.json");
}
