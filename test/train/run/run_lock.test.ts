import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { expectUnlocked, lockRun, LOCK_FILE } from "../../../train/run/run_lock.ts";

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
    `^another run is writing to ${folder}: process ${process.pid} on ${hostname()}, since \\d{4}-.+Z; wait for its end, choose another folder with --out$`,
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
    const living = [`${LOCK_FILE}.${process.ppid}`, `${LOCK_FILE}.${process.ppid}.gone`]; // the second may be a lock that is put back
    for (const name of living) writeFileSync(join(folder, name), "");
    for (const text of ["", '{"pid": 1', "[]"]) {
      writeFileSync(file(), text);
      for (const name of [`${file()}.${dead}`, `${file()}.${dead}.gone`]) writeFileSync(name, "");
      lockRun(folder).release();
      expect(readdirSync(folder)).toEqual(living);
    }
  });
});

it("a lock of another machine is respected, and the message says what to do", () => {
  writeFileSync(file(), holder({ pid: 17, host: "elsewhere" }));
  expect(() => lockRun(folder)).toThrow(
    `process 17 on elsewhere, since 2026-01-02T03:04:05.678Z; wait for its end, choose another folder with --out, or delete ${file()} if that process is gone`,
  );
  expect(readFileSync(file(), "utf8")).toBe(holder({ pid: 17, host: "elsewhere" }));
});

it("what another process has put in its place is not given back", () => {
  const lock = lockRun(folder);
  writeFileSync(file(), holder({ pid: 17, host: "elsewhere" }));
  lock.release();
  expect(existsSync(file())).toBe(true);
});
