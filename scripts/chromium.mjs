// Finds the browser of the tests in a browser, and runs such tests.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The file of the browser: the environment variable CHROMIUM, or the first on the PATH. Ends the process if there is none. */
export function chromium() {
  const browser = process.env["CHROMIUM"] ?? findBrowser();
  if (browser === undefined)
    fail(
      `no browser found: expected ${NAMES.join(", ")} on the PATH, or the environment variable CHROMIUM to name its file. ` +
        "Debian and Ubuntu: apt-get install chromium; others: https://www.chromium.org/getting-involved/download-chromium",
    );
  if (!existsSync(browser)) fail(`CHROMIUM: there is no file ${browser}`);
  return browser;
}

/** Runs the tests of a Vitest config with the arguments of this process. The last line is the total, "N passed, N failed". */
export function runTests(config, browser) {
  const folder = mkdtempSync(join(tmpdir(), "unfold-test-browser-"));
  const report = join(folder, "report.json");
  const vitest = join("node_modules", "vitest", "vitest.mjs");
  const words = ["run", "--config", config, "--reporter=default", "--reporter=json"];
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
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

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
