import { execFileSync, spawnSync, type SpawnSyncReturns } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copyAtomically, writeAtomically, writePiecesAtomically } from "../../../data/files/atomic_file.ts";
import { ofSources, ROOT } from "../../built.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-atomic-"));
  writeFileSync(at("kept"), "old");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a script that has the module's functions and `path`, of `kept`, in a shell that says `before` first. */
function inShell(before: string, script: string): SpawnSyncReturns<string> {
  const words = ofSources(
    `import { writeAtomically, writePiecesAtomically } from "./data/files/atomic_file.ts"; const path = ${JSON.stringify(at("kept"))}; ${script}`,
  );
  return spawnSync("sh", ["-c", `${before}exec "$0" "$@"`, process.execPath, ...words], {
    cwd: ROOT,
    encoding: "utf8",
  });
}

describe("of a file that is written in pieces", () => {
  const [size, count] = [100_000, 20];
  /** Every piece in the same memory, after a look at what the ones before have become. */
  function* pieces(): Generator<Uint8Array> {
    const memory = new Uint8Array(size);
    for (let i = 0; i < count; i++) {
      const others = readdirSync(folder).filter((name) => name !== "kept");
      expect(others.map((name) => statSync(at(name)).size)).toEqual([i * size]);
      expect(readFileSync(at("kept"), "utf8")).toBe("old");
      yield memory.fill(i);
    }
  }
  async function* waitedFor(): AsyncGenerator<Uint8Array> {
    for (const piece of pieces()) {
      await Promise.resolve();
      yield piece;
    }
  }

  it.each([
    ["made", (path: string) => writeAtomically(path, pieces())],
    ["waited for", (path: string) => writePiecesAtomically(path, waitedFor())],
  ])("each is written before the next is %s, so that one is in memory at a time", async (_, write) => {
    await write(at("kept"));
    expect(readdirSync(folder)).toEqual(["kept"]);
    const found = readFileSync(at("kept"));
    expect(found.length).toBe(size * count);
    expect(
      Array.from({ length: count }, (_, i) => found.subarray(i * size, (i + 1) * size).every((v) => v === i)),
    ).toEqual(Array.from({ length: count }, () => true));
  });
});

// The first write ends at the limit, as it does where the disk becomes full, and says so by its result alone.
it.skipIf(process.platform === "win32")("a file that is written as far as there is room takes nobody's place", () => {
  const { stdout, stderr } = inShell(
    "ulimit -f 8; ",
    `process.on("SIGXFSZ", () => {});
    const bytes = new Uint8Array(1e6);
    const say = (error) => console.log(error.name + ": " + error.message);
    try { writeAtomically(path, bytes); } catch (error) { say(error); }
    await writePiecesAtomically(path, (async function* () { yield bytes; })()).catch(say);`,
  );
  const line = `RunError: ${at("kept")} could not be written: EFBIG: file too large, write; the previous one, if any, is untouched\n`;
  expect({ stdout, stderr }).toEqual({ stdout: line + line, stderr: "" });
  expect(readFileSync(at("kept"), "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["kept"]);
});

it.skipIf(process.platform === "win32")("kills leave one half-written file at most, until the next is written", () => {
  for (const size of [3000, 2000]) {
    const { signal } = inShell(
      "",
      `writeAtomically(path, (function* () {
        yield new Uint8Array(${size});
        process.kill(process.pid, "SIGKILL");
      })());`,
    );
    expect(signal).toBe("SIGKILL");
    expect(readFileSync(at("kept"), "utf8")).toBe("old");
    expect(readdirSync(folder).map((name) => statSync(at(name)).size)).toEqual([3, size]);
  }
  writeAtomically(at("kept"), Buffer.from("new"));
  expect(readFileSync(at("kept"), "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["kept"]);
});

it.skipIf(process.platform === "win32")("a link makes place for the file; what it leads to stays", async () => {
  async function* piece(): AsyncGenerator<Uint8Array> {
    await Promise.resolve();
    yield Buffer.from("new");
  }
  writeFileSync(at("another"), "new");
  for (const write of [
    () => writeAtomically(at("link"), Buffer.from("new")),
    () => writePiecesAtomically(at("link"), piece()),
    () => copyAtomically(at("another"), at("link")),
  ]) {
    rmSync(at("link"), { force: true });
    symlinkSync(at("kept"), at("link"));
    await write();
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(false);
    expect(readFileSync(at("link"), "utf8")).toBe("new");
    expect(readFileSync(at("kept"), "utf8")).toBe("old");
  }
});

it("a copy is a second name of the file, takes another's place, and may be there already", () => {
  writeFileSync(at("second"), "another");
  const which = ({ dev, ino }: Stats): number[] => [dev, ino];
  for (let time = 1; time <= 2; time++) {
    copyAtomically(at("kept"), at("second"));
    expect(which(statSync(at("second")))).toEqual(which(statSync(at("kept"))));
    expect(readdirSync(folder)).toEqual(["kept", "second"]);
  }
  writeAtomically(at("kept"), Buffer.from("new"));
  expect(readFileSync(at("second"), "utf8")).toBe("old");
});

it.skipIf(process.platform === "win32")("standard output that leads to a file is written where it stands", () => {
  for (const name of ["/dev/stdout", "/dev/fd/1", ...(process.platform === "linux" ? ["/proc/self/fd/1"] : [])]) {
    const { status, stderr } = inShell(
      `exec > ${at("kept")}; echo before; `,
      `writeAtomically("${name}", Buffer.from("at once\\n"));
      await writePiecesAtomically("${name}", (async function* () { yield Buffer.from("in pieces\\n"); })());
      console.log("after");`,
    );
    expect([status, stderr]).toEqual([0, ""]);
    expect(readFileSync(at("kept"), "utf8")).toBe("before\nat once\nin pieces\nafter\n");
    expect(lstatSync("/dev/stdout").isFile()).toBe(false);
  }
});

describe.skipIf(process.platform === "win32")("a pipe", () => {
  it("is written as it is", () => {
    execFileSync("mkfifo", [at("pipe")]);
    const read = inShell(
      `cat ${at("pipe")} & `,
      `writeAtomically(${JSON.stringify(at("pipe"))}, Buffer.from("piped")); `,
    );
    expect([read.status, read.stdout]).toEqual([0, "piped"]);
    const inPieces = inShell(
      `cat ${at("pipe")} & `,
      `await writePiecesAtomically(${JSON.stringify(at("pipe"))}, (async function* () { yield Buffer.from("piped"); })());`,
    );
    expect([inPieces.status, inPieces.stdout]).toEqual([0, "piped"]);
    expect(lstatSync(at("pipe")).isFIFO()).toBe(true);
  });

  it("that nothing can be written to is named", () => {
    expect(() => writeAtomically("/dev/full", Buffer.from("x"))).toThrow(
      "/dev/full could not be written: the disk is full",
    );
  });
});
