import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The folder of the package, with a slash at the end. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Compiles to dist/ what is newer than the last build. Call it in `beforeAll`. */
export function build(): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${ROOT}scripts/build.mjs`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the build failed: ${stdout}${stderr}`);
}

/** Runs Node in a process of its own, with these variables added to the environment (undefined: removed). */
export function node(words: string[], env: NodeJS.ProcessEnv = {}, cwd: string = ROOT): Promise<Outcome> {
  const child = spawn(process.execPath, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject).on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

/** Node's words for a script that imports sources: paths in it begin at the package's folder, as `./engine/errors.ts` does. */
export const ofSources = (script: string): string[] => [
  "--import",
  "./scripts/typescript_loader.mjs",
  "--input-type=module",
  "-e",
  script,
];

/** Runs the compiled command line: `unfold(["devices", "--json"])`. */
export const unfold = (words: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  node([`${ROOT}dist/cli/main.js`, ...words], env);
