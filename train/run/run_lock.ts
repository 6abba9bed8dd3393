// Why not proper-lockfile (4.1.2): there a process keeps its lock by touching it every 5 s. A process that is suspended,
// or blocked in a call for 10 s, loses its lock to the next one and later dies of an uncaught error; a killed process
// keeps its lock for 10 s (a longer limit helps the former and hurts the latter). It also depends on other machines'
// clocks. If several processes find a killed one's lock at once, two of them get it in a few of a hundred tries. Its
// errors do not name the process.
import { createHash } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { RunError, UserError } from "../../engine/errors.ts";

/** Exists in a run's folder as long as a process writes to it. */
export const LOCK_FILE = "run.lock";

/** An attempt fails if another process takes or releases the lock at the same time. */
const ATTEMPTS = 100;

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  /** ISO 8601. */
  since: z.string(),
  /** Distinguishes a process from a later one with the same PID, where the system can. */
  birth: z.string().nullable(),
});
type Holder = z.output<typeof holderSchema>;

/**
 * Locks a folder for this process until `release` or until the process ends. Takes over a lock whose process is gone from
 * this machine, as after a kill.
 *
 * @throws UserError naming the process that holds the lock
 */
export function lockRun(folder: string): { release(): void } {
  const file = join(folder, LOCK_FILE);
  const own = `${JSON.stringify({ pid: process.pid, host: hostname(), since: new Date().toISOString(), birth: birthOf(process.pid) } satisfies Holder)}\n`;
  acquire(folder, file, own);
  for (const name of readdirSync(folder)) if (isLeftBehind(folder, name)) rmSync(join(folder, name), { force: true });
  const release = (): void => {
    process.off("exit", release);
    if (readText(file) === own) rmSync(file, { force: true });
  };
  process.on("exit", release);
  return { release };
}

/** Throws a UserError naming the process if another one has locked the folder. */
export function expectUnlocked(folder: string): void {
  const file = join(folder, LOCK_FILE);
  const text = readText(file);
  if (text !== null) expectGone(folder, file, text);
}

/**
 * Creates a lock, or replaces one whose process is gone. The file system cannot replace a file only if it still holds the
 * text that was read, so the replacing process first takes a second lock: the right to replace exactly this text, which
 * only one of its readers gets. A killed process may have left that second lock too; it is taken over the same way.
 */
function acquire(folder: string, file: string, own: string): void {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (create(file, own)) return;
    const text = readText(file);
    if (text === null) continue; // released in the meantime
    expectGone(folder, file, text);
    const right = `${file}.after-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
    acquire(folder, right, own);
    try {
      if (readText(file) !== text) continue; // replaced before this process got the right to
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
  const deletion = holder.host === hostname() ? "" : `, or delete ${file} if that process is gone`;
  throw new UserError(
    `another run is writing to ${folder}: process ${holder.pid} on ${holder.host}, since ${holder.since}; wait until it ends or choose another folder with --out${deletion}`,
  );
}

/** Null for text that is not a lock and so locks nothing. */
function parseHolder(text: string): Holder | null {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whether the holder may still be running. On another machine it may, as nothing is known of it. */
function mayRun({ pid, host, birth }: Omit<Holder, "since">): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0); // sends nothing
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return birth === null || birth === birthOf(pid);
}

/** The machine's boot ID and the process's start in ticks since boot (field 22 of stat in proc(5)); null without /proc. */
function birthOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" "); // the name may contain spaces; field 3 follows it
  return fields ? `${readText("/proc/sys/kernel/random/boot_id")?.trim() ?? ""} ${fields[19] ?? ""}` : null;
}

/** Whether a file was left by a process killed while taking the lock. */
function isLeftBehind(folder: string, name: string): boolean {
  if (!name.startsWith(LOCK_FILE)) return false;
  const [, rights, pid] = /^((?:\.after-[0-9a-f]{16})*)(?:\.(\d+))?$/u.exec(name.slice(LOCK_FILE.length)) ?? [];
  if (pid !== undefined) return !mayRun({ pid: Number(pid), host: hostname(), birth: null });
  const holder = rights ? parseHolder(readText(join(folder, name)) ?? "") : undefined;
  return holder === null || (holder !== undefined && !mayRun(holder));
}

/** Creates a file together with its content, atomically; false if it already exists. */
function create(file: string, text: string): boolean {
  return withTemporaryFile(file, text, (name) => {
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

/** Replaces the existing file with one of this content. */
const replace = (file: string, text: string): void => withTemporaryFile(file, text, (name) => renameSync(name, file));

/** Calls `use` with a temporary file of this content, which is removed afterwards. */
function withTemporaryFile<T>(file: string, text: string, use: (name: string) => T): T {
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
