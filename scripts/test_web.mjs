// `npm run test:web`: checks the page's types, builds it, and uses it in Chromium as a person would (test/web/page); the last line is
// the total, "N passed, N failed". Arguments are passed to Vitest.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, runTests } from "./chromium.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const browser = chromium();
run("scripts/build.mjs");
run("node_modules/svelte-check/bin/svelte-check", "--tsconfig", "web/tsconfig.json", "--fail-on-warnings");
run("node_modules/vite/bin/vite.js", "build", "web", "--config", "web/vite.config.mjs", "--logLevel", "error");
runTests("web/vitest.config.ts", browser);

function run(...words) {
  const { status } = spawnSync(process.execPath, words, { stdio: "inherit" });
  if (status === 0) return;
  console.log("\n0 passed, 1 failed");
  process.exit(1);
}
