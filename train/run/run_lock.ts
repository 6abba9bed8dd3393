import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { RunError, UserError } from "../../engine/errors.ts";

/** In the folder of a run as long as a process writes to it. */
export const LOCK_FILE = "run.lock";

/** Each is lost to another process that takes the lock or gives it back at the same time. */
const ATTEMPTS = 100;

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Tells a process from a later one with the same number, where the system can. */
  birth: z.string().nullable(),
});
type Holder = z.output<typeof holderSchema>;

/**
 * Makes a folder this process's own until `release`, or until it ends. A lock whose process is gone from this machine, as
 * after a kill, is taken over.
 *
 * @throws UserError naming the process that has it
 */
export function lockRun(folder: string): { release(): void } {
  const file = join(folder, LOCK_FILE);
  const own = `${JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString(), birth: birthOf(process.pid) } satisfies Holder)}\n`;
  for (let attempt = 1; !create(file, own); attempt++) {
    const text = readText(file);
    if (text !== null) {
      expectGone(folder, text);
      removeExactly(file, text);
    } // else it was given back in the meantime
    if (attempt === ATTEMPTS) throw new RunError(`${file} can neither be read nor replaced`);
  }
  for (const name of readdirSync(folder)) if (isLeftBehind(name)) rmSync(join(folder, name), { force: true });
  const release = (): void => {
    process.off("exit", release);
    if (readText(file) === own) rmSync(file, { force: true });
  };
  process.on("exit", release);
  return { release };
}

/** Refuses a folder that another process has locked. Throws a UserError that names it. */
export function expectUnlocked(folder: string): void {
  const text = readText(join(folder, LOCK_FILE));
  if (text !== null) expectGone(folder, text);
}

function expectGone(folder: string, text: string): void {
  const holder = parseHolder(text);
  if (!holder || !mayRun(holder)) return;
  const elsewhere = holder.host === hostname() ? "" : `, or delete ${join(folder, LOCK_FILE)} if that process is gone`;
  throw new UserError(
    `another run is writing to ${folder}: process ${holder.pid} on ${holder.host}, since ${holder.since}; wait for its end, choose another folder with --out${elsewhere}`,
  );
}

/** Null for anything that is no lock: it holds nothing. */
function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Of another machine nothing is known. */
function mayRun({ pid, host, birth }: Omit<Holder, "since">): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0); // sends nothing
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return birth === null || birth === birthOf(pid);
}

/** Boot of the machine and, in ticks since then, the start of the process (field 22 of proc(5)'s stat); null where there is no /proc. */
function birthOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" "); // a name may hold blanks; field 3 follows it
  return fields ? `${readText("/proc/sys/kernel/random/boot_id")?.trim() ?? ""} ${fields[19] ?? ""}` : null;
}

/** Whether a file is of a process that was killed while it took the lock. One of a living process may hold this very lock: see `removeExactly`. */
function isLeftBehind(name: string): boolean {
  const pid = name.startsWith(`${LOCK_FILE}.`)
    ? /^(\d+)(\.gone)?$/u.exec(name.slice(LOCK_FILE.length + 1))?.[1]
    : undefined;
  return pid !== undefined && !mayRun({ pid: Number(pid), host: hostname(), birth: null });
}

/** Creates a file with this content, both at once; false if there is one already. */
function create(file: string, text: string): boolean {
  const prepared = `${file}.${process.pid}`;
  try {
    writeFileSync(prepared, text);
    try {
      linkSync(prepared, file);
    } catch (error) {
      if (codeOf(error) === "EEXIST") throw error;
      writeFileSync(file, text, { flag: "wx" }); // a file system without links
    }
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw new RunError(
      `${file} could not be written: ${codeOf(error) === "ENOSPC" ? "the disk is full" : (error as Error).message}`,
    );
  } finally {
    rmSync(prepared, { force: true });
  }
}

/** Removes the lock that holds this text, and no other that somebody may have put there since it was read. */
function removeExactly(file: string, text: string): void {
  const aside = `${file}.${process.pid}.gone`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const taken = readText(aside);
  if (taken !== null && taken !== text) create(file, taken);
  rmSync(aside, { force: true });
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
