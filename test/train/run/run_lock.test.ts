import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { expectUnlocked, lockRun, LOCK_FILE } from "../../../train/run/run_lock.ts";
import { ofSources, ROOT } from "../../built.ts";

let folder: string;
const file = (): string => join(folder, LOCK_FILE);
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-lock-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const holder = (changes: object): string =>
  JSON.stringify({ pid: process.pid, host: hostname(), since: "2026-01-02T03:04:05.678Z", birth: null, ...changes });

/** The number of a process that was there and is not any more. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("close", resolve));
  return child.pid!;
}

it("a folder is one run's until it gives it back", () => {
  const lock = lockRun(folder);
  const message = new RegExp(
    `^another run is writing to ${folder}: process ${process.pid} on ${hostname()}, since \\d{4}-.+Z; wait until it ends or choose another folder with --out$`,
    "u",
  );
  for (const attempt of [lockRun, expectUnlocked]) {
    expect(() => attempt(folder)).toThrow(UserError);
    expect(() => attempt(folder)).toThrow(message);
  }
  expect(readdirSync(folder)).toEqual([LOCK_FILE]);
  lock.release();
  expect(existsSync(file())).toBe(false);
  expectUnlocked(folder);
  lockRun(folder).release();
});

type Other = ChildProcessByStdio<Writable, Readable, null>;

/** Another process, which has `lockRun` and `folder`. */
const other = (script: string): Other =>
  spawn(
    process.execPath,
    ofSources(`import { lockRun } from "./train/run/run_lock.ts"; const folder = ${JSON.stringify(folder)}; ${script}`),
    { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
  );

/** The next that a process prints; JSON. */
async function told(child: Other): Promise<unknown> {
  const [text] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  return JSON.parse(text);
}

async function killed(child: Other): Promise<void> {
  const end = once(child, "close");
  child.kill("SIGKILL");
  await end;
}

it("a process keeps its lock while it does nothing at all for it, however long, and has lost it as soon as it is killed", async () => {
  // It sleeps as in a call that does not return. No timer runs, and nothing touches its file any more.
  const holder = other(`
    lockRun(folder);
    process.stdout.write("true");
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));`);
  expect(await told(holder)).toBe(true);
  utimesSync(file(), 1, 1);
  expect(() => lockRun(folder)).toThrow(`another run is writing to ${folder}: process ${holder.pid} on ${hostname()}`);
  await killed(holder);
  expect(existsSync(file())).toBe(true);
  const lock = lockRun(folder);
  expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid });
  expect(readdirSync(folder)).toEqual([LOCK_FILE]);
  lock.release();
});

it("of processes that find a killed one's lock at the same moment, one gets it", async () => {
  const folders = Array.from({ length: 200 }, (_, i) => join(folder, String(i)));
  const dead = holder({ pid: await deadProcess() });
  for (const path of folders) {
    mkdirSync(path);
    writeFileSync(join(path, LOCK_FILE), dead);
  }
  const others = [1, 2, 3].map(() =>
    other(`
      process.setMaxListeners(0);
      process.stdin.once("data", (start) => {
        const taken = [];
        for (let i = 0; i < ${folders.length}; i++) {
          while (Date.now() < Number(start) + 5 * i);
          try {
            lockRun(folder + "/" + i);
            taken.push(i);
          } catch (error) {
            if (error.name !== "UserError") throw error;
          }
        }
        process.stdout.write(JSON.stringify(taken));
      });
      process.stdout.write("true");`),
  );
  await Promise.all(others.map(told));
  const start = String(Date.now() + 100);
  const taken = await Promise.all(
    others.map((child) => {
      child.stdin.write(start);
      return told(child) as Promise<number[]>;
    }),
  );
  await Promise.all(others.map(killed)); // until now they have what they took
  expect(taken.flat().sort((a, b) => a - b)).toEqual(folders.map((_, i) => i));
});

// Else a third process could take it while it is away: of hundreds of such meetings one, perhaps, would show it.
it("a lock that was taken over by another since it was read is there all the time", async () => {
  const [dead, living] = [holder({ pid: await deadProcess() }), holder({ pid: process.ppid })];
  writeFileSync(file(), dead);
  const found: string[] = [];
  const { readFileSync: read, writeFileSync: write } = fs;
  vi.spyOn(fs, "readFileSync").mockImplementation(((path: string, options: "utf8") => {
    const text = read(path, options);
    if (path === file() && text === dead) {
      write(path, living);
      found.length = 0;
    }
    return text;
  }) as typeof read);
  for (const name of ["renameSync", "rmSync", "linkSync", "writeFileSync"] as const) {
    const original = fs[name] as (...given: unknown[]) => void;
    vi.spyOn(fs, name).mockImplementation((...given: unknown[]) => {
      original(...given);
      found.push(existsSync(file()) ? read(file(), "utf8") : "nothing");
    });
  }
  syncBuiltinESMExports();
  try {
    expect(() => lockRun(folder)).toThrow(`process ${process.ppid} on ${hostname()}`);
  } finally {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  }
  expect(new Set(found)).toEqual(new Set([living]));
  expect(readdirSync(folder)).toEqual([LOCK_FILE]);
});

describe("the right to take over a lock", () => {
  const rightTo = (name: string, text: string): string =>
    `${name}.after-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;

  it("is taken over itself from processes that were killed with it", async () => {
    const pid = await deadProcess();
    let name: string = LOCK_FILE;
    for (const since of ["one day", "the next", "the third"]) {
      const text = holder({ pid, since });
      writeFileSync(join(folder, name), text);
      name = rightTo(name, text);
    }
    const lock = lockRun(folder);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid });
    expect(readdirSync(folder)).toEqual([LOCK_FILE]);
    lock.release();
  });

  it("is one process's, which is named", async () => {
    const dead = holder({ pid: await deadProcess() });
    writeFileSync(file(), dead);
    const right = rightTo(LOCK_FILE, dead);
    writeFileSync(join(folder, right), holder({ pid: 17, host: "elsewhere" }));
    expect(() => lockRun(folder)).toThrow(
      `process 17 on elsewhere, since 2026-01-02T03:04:05.678Z; wait until it ends or choose another folder with --out, or delete ${join(folder, right)} if that process is gone`,
    );
    expect(readFileSync(file(), "utf8")).toBe(dead);
    expect(readdirSync(folder)).toEqual([LOCK_FILE, right]);
  });
});

describe("a lock is taken over", () => {
  it("from a process that is gone", async () => {
    writeFileSync(file(), holder({ pid: await deadProcess() }));
    expectUnlocked(folder);
    const lock = lockRun(folder);
    expect(JSON.parse(readFileSync(file(), "utf8"))).toMatchObject({ pid: process.pid });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("from an earlier process with the number of one that is there", () => {
    writeFileSync(file(), holder({ birth: "another boot 17" }));
    lockRun(folder).release();
  });

  it("if it is half-written or something else, with what killed processes left beside it, but not what living ones have there", async () => {
    const dead = await deadProcess();
    const right = `${LOCK_FILE}.after-0123456789abcdef`;
    const living = [`${LOCK_FILE}.${process.ppid}`, `${right.replace("0", "1")}`, `${right}.${process.ppid}`].sort();
    for (const name of living) writeFileSync(join(folder, name), holder({ pid: process.ppid }));
    const notOurs = [`${LOCK_FILE}.backup`, `${LOCK_FILE}s`];
    for (const name of notOurs) writeFileSync(join(folder, name), "");
    for (const text of ["", '{"pid": 1', "[]"]) {
      writeFileSync(file(), text);
      for (const name of [`${LOCK_FILE}.${dead}`, right, `${right}.after-fedcba9876543210`, `${right}.${dead}`])
        writeFileSync(join(folder, name), text || holder({ pid: dead }));
      lockRun(folder).release();
      expect(readdirSync(folder).sort()).toEqual([...living, ...notOurs].sort());
    }
  });
});

it("a lock of another machine is respected, and the message says what to do", () => {
  writeFileSync(file(), holder({ pid: 17, host: "elsewhere" }));
  expect(() => lockRun(folder)).toThrow(
    `process 17 on elsewhere, since 2026-01-02T03:04:05.678Z; wait until it ends or choose another folder with --out, or delete ${file()} if that process is gone`,
  );
  expect(readFileSync(file(), "utf8")).toBe(holder({ pid: 17, host: "elsewhere" }));
});

it("what another process has put in its place is not given back", () => {
  const lock = lockRun(folder);
  writeFileSync(file(), holder({ pid: 17, host: "elsewhere" }));
  lock.release();
  expect(existsSync(file())).toBe(true);
});
