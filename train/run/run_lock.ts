// Not proper-lockfile (4.1.2): with it a process holds its lock by touching it every 5 s. One that is suspended, or in a call that
// does not return for 10 s, loses it to the next and later dies of an uncaught error; one that was killed keeps it for 10 s (a
// longer limit helps the former and harms the latter); another machine's clock has a say as well. Of several that find a killed
// one's lock at once, two get it in a few of a hundred tries. What it throws names no process.
import { createHash } from "node:crypto";
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
  take(folder, file, own);
  for (const name of readdirSync(folder)) if (isLeftBehind(folder, name)) rmSync(join(folder, name), { force: true });
  const release = (): void => {
    process.off("exit", release);
    if (readText(file) === own) rmSync(file, { force: true });
  };
  process.on("exit", release);
  return { release };
}

/** Refuses a folder that another process has locked. Throws a UserError that names it. */
export function expectUnlocked(folder: string): void {
  const file = join(folder, LOCK_FILE);
  const text = readText(file);
  if (text !== null) expectGone(folder, file, text);
}

/**
 * Creates a lock, or replaces that of a process which is gone. No file can be replaced on the condition that it is still the
 * one that was read, so whoever does it holds a second lock, on the right to replace just this text: among all that have
 * read it, one does. That lock may be a killed process's, too, and is then taken over in the same way.
 */
function take(folder: string, file: string, own: string): void {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (create(file, own)) return;
    const text = readText(file);
    if (text === null) continue; // given back in the meantime
    expectGone(folder, file, text);
    const right = `${file}.after-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
    take(folder, right, own);
    try {
      if (readText(file) !== text) continue; // replaced before the right was taken
      replace(file, own);
      return;
    } finally {
      rmSync(right, { force: true });
    }
  }
  throw new RunError(`${file} can neither be read nor replaced`);
}

function expectGone(folder: string, file: string, text: string): void {
  const holder = parseHolder(text);
  if (!holder || !mayRun(holder)) return;
  const elsewhere = holder.host === hostname() ? "" : `, or delete ${file} if that process is gone`;
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

/** Whether a file is of a process that was killed while it took the lock. */
function isLeftBehind(folder: string, name: string): boolean {
  if (!name.startsWith(LOCK_FILE)) return false;
  const [, rights, pid] = /^((?:\.after-[0-9a-f]{16})*)(?:\.(\d+))?$/u.exec(name.slice(LOCK_FILE.length)) ?? [];
  if (pid !== undefined) return !mayRun({ pid: Number(pid), host: hostname(), birth: null });
  const holder = rights ? parseHolder(readText(join(folder, name)) ?? "") : undefined;
  return holder === null || (holder !== undefined && !mayRun(holder));
}

/** Creates a file with this content, both at once; false if there is one already. */
function create(file: string, text: string): boolean {
  return prepared(file, text, (name) => {
    try {
      linkSync(name, file);
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      return createWithoutLinks(file, text);
    }
    return true;
  });
}

function createWithoutLinks(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Puts a file with this content in place of the one that is there. */
const replace = (file: string, text: string): void => prepared(file, text, (name) => renameSync(name, file));

/** Does something with a file of this content and another name, which is not there any longer afterwards. */
function prepared<T>(file: string, text: string, use: (name: string) => T): T {
  const name = `${file}.${process.pid}`;
  try {
    writeFileSync(name, text);
    return use(name);
  } catch (error) {
    throw new RunError(
      `${file} could not be written: ${codeOf(error) === "ENOSPC" ? "the disk is full" : (error as Error).message}`,
    );
  } finally {
    rmSync(name, { force: true });
  }
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
