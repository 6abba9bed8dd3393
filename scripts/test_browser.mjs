// `npm run test:browser`: runs the tests of test/browser in Chromium; the last line is the total, "N passed, N failed".
// Arguments are passed to Vitest: `npm run test:browser -- -t softmax` runs the cases of one operation.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, runTests } from "./chromium.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const browser = chromium();
spawnSync(process.execPath, ["scripts/build_browser.mjs"], { stdio: "inherit" });
runTests("vitest.browser.config.ts", browser);
