// `npm run test:browser`: runs the tests of test/browser in Chromium; the last line is the total, "N passed, N failed".
// Arguments are passed to Vitest: `npm run test:browser -- -t softmax` runs the cases of one operation.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const browser = process.env["CHROMIUM"] ?? findBrowser();
if (browser === undefined) {
  console.error(
    `no browser found: expected ${NAMES.join(", ")} on the PATH, or the environment variable CHROMIUM to name its file. ` +
      "Debian and Ubuntu: apt-get install chromium; others: https://www.chromium.org/getting-involved/download-chromium",
  );
  process.exit(1);
}
if (!existsSync(browser)) {
  console.error(`CHROMIUM: there is no file ${browser}`);
  process.exit(1);
}
spawnSync(process.execPath, ["scripts/build_browser.mjs"], { stdio: "inherit" });

const folder = mkdtempSync(join(tmpdir(), "unfold-test-browser-"));
const report = join(folder, "report.json");
const vitest = join("node_modules", "vitest", "vitest.mjs");
const words = ["run", "--config", "vitest.browser.config.ts", "--reporter=default", "--reporter=json"];
spawnSync(process.execPath, [vitest, ...words, `--outputFile.json=${report}`, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, CHROMIUM: browser },
});
let [passed, failed] = [0, 1];
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numFailedTestSuites, success } = JSON.parse(readFileSync(report, "utf8"));
  passed = numPassedTests;
  failed = numFailedTests > 0 ? numFailedTests : success ? 0 : Math.max(1, numFailedTestSuites);
}
rmSync(folder, { recursive: true });
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function findBrowser() {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
