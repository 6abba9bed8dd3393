import { spawn, spawnSync } from "node:child_process";
import { type Outcome, ROOT } from "../../built.ts";

/** What tests that need it are skipped without; `npm test` counts them as not run. */
export const hasMpi = spawnSync("mpirun", ["--version"], { encoding: "utf8" }).stdout?.includes("Open MPI") === true;

export const hasMpich = spawnSync("mpichversion").status === 0;

/** More ranks than cores, as root if need be, and no rank bound to a core. */
const EVERYWHERE = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_rmaps_base_oversubscribe: "1",
};

export interface Ranks extends Promise<Outcome> {
  /** Of mpirun. */
  readonly pid: number;
  /** What the ranks have printed so far. */
  readonly printed: { readonly stdout: string; readonly stderr: string };
}

/**
 * Starts Node in `ranks` processes by Open MPI's `mpirun`. They are killed after `seconds`; the status is then null.
 *
 * @param words Node's
 */
export function mpirun(
  ranks: number,
  words: readonly string[],
  { env = {}, seconds = 110, cwd = ROOT }: { env?: NodeJS.ProcessEnv; seconds?: number; cwd?: string } = {},
): Ranks {
  return started("mpirun", ["-n", String(ranks), "--bind-to", "none", process.execPath, ...words], {
    env,
    seconds,
    cwd,
  });
}

/** Starts mpirun, or what starts it. `kill` ends it once the time is up; by default the process itself is killed. */
export function started(
  command: string,
  words: readonly string[],
  {
    env = {},
    seconds,
    cwd = ROOT,
    kill,
  }: { env?: NodeJS.ProcessEnv; seconds: number; cwd?: string; kill?: () => void },
): Ranks {
  const child = spawn(command, words, {
    cwd,
    env: { ...process.env, ...EVERYWHERE, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream].setEncoding("utf8").on("data", (text: string) => (printed[stream] += text));
  const end = setTimeout(kill ?? (() => child.kill("SIGKILL")), seconds * 1000);
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject).on("close", (status) => resolve({ status, ...printed }));
  }).finally(() => clearTimeout(end));
  return Object.assign(outcome, { pid: child.pid as number, printed });
}
