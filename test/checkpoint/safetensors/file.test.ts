import { execFileSync } from "node:child_process";
import {
  mkdtempSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { RunError, UserError } from "../../../engine/errors.ts";
import { writeAtomically, writePiecesAtomically } from "../../../data/files/atomic_file.ts";
import {
  parseSafetensors,
  safetensorsPieces,
  serialiseSafetensors,
  type SafeTensor,
} from "../../../checkpoint/safetensors/safetensors.ts";
import { openSafetensors } from "../../../checkpoint/safetensors/file.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-safetensors-"));
const at = (name: string): string => join(folder, name);

const tensors: Record<string, SafeTensor> = {
  odd: { dtype: "U8", shape: [3], values: Uint8Array.of(7, 8, 9) },
  half: { dtype: "F16", shape: [2], values: Uint16Array.of(0x3c00, 0xc000) },
  float: { dtype: "F32", shape: [2, 2], values: Float32Array.of(1, -2, 3.5, 0) },
  counter: { dtype: "I64", shape: [], values: BigInt64Array.of(-5n) },
};

describe("an open safetensors file", () => {
  it("gives the same as the whole file in memory", () => {
    writeAtomically(at("a.safetensors"), safetensorsPieces(tensors, { format: "pt" }));
    const bytes = readFileSync(at("a.safetensors"));
    expect(bytes).toEqual(Buffer.from(serialiseSafetensors(tensors, { format: "pt" })));
    const file = openSafetensors(at("a.safetensors"));
    expect(file.metadata).toEqual({ format: "pt" });
    expect(file.tensors).toEqual(parseSafetensors(bytes, "a").tensors);
    expect([...file.tensors.keys()]).toEqual(["counter", "float", "half", "odd"]);
    file.close();
  });

  it.skipIf(process.platform === "win32")("is no pipe, which would be waited for", () => {
    execFileSync("mkfifo", [at("pipe.safetensors")]);
    expect(() => openSafetensors(at("pipe.safetensors"))).toThrow(/pipe\.safetensors is a pipe, expected a file$/);
  });

  it("reads values when they are asked for, not before, and not after it is closed", () => {
    writeFileSync(at("late.safetensors"), serialiseSafetensors(tensors));
    const file = openSafetensors(at("late.safetensors"));
    const changed = serialiseSafetensors({
      ...tensors,
      float: { dtype: "F32", shape: [2, 2], values: Float32Array.of(4, 5, 6, 7) },
    });
    writeFileSync(at("late.safetensors"), changed); // in place, as nobody should
    expect([...(file.tensors.get("float") as SafeTensor).values]).toEqual([4, 5, 6, 7]);
    truncateSync(at("late.safetensors"), changed.length - 1);
    expect(() => file.tensors.get("odd")?.values).toThrow(UserError);
    expect(() => file.tensors.get("odd")?.values).toThrow("was truncated while being read");
    file.close();
    file.close(); // does no harm
    expect(() => file.tensors.get("float")?.values).toThrow("after the file was closed");
  });

  it("stays the one that was opened when another takes its name", () => {
    writeFileSync(at("old.safetensors"), serialiseSafetensors(tensors));
    const file = openSafetensors(at("old.safetensors"));
    writeFileSync(at("new.safetensors"), "something else");
    renameSync(at("new.safetensors"), at("old.safetensors"));
    expect([...(file.tensors.get("odd") as SafeTensor).values]).toEqual([7, 8, 9]);
    file.close();
  });

  it.each([
    ["cut short", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1), "the file is truncated"],
    [
      "with bytes behind the last tensor",
      (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.of(1)]),
      "1 bytes after the last tensor",
    ],
    [
      "with a header longer than the file",
      () => Uint8Array.of(200, 0, 0, 0, 0, 0, 0, 0, 0x7b),
      "its header should be 200 bytes long, but the whole file has 9",
    ],
  ])("%s is refused at once, and closed", (_, change, message) => {
    writeFileSync(at("broken.safetensors"), change(serialiseSafetensors(tensors)));
    const next = nextDescriptor();
    expect(() => openSafetensors(at("broken.safetensors"))).toThrow(UserError);
    expect(() => openSafetensors(at("broken.safetensors"))).toThrow(message);
    expect(nextDescriptor()).toBe(next);
  });
});

describe("writing piece by piece", () => {
  it("that fails on the way leaves what was there", async () => {
    writeFileSync(at("kept"), "old");
    const fail = (error: Error) =>
      async function* () {
        yield Uint8Array.of(1);
        await Promise.resolve();
        throw error;
      };
    await expect(writePiecesAtomically(at("kept"), fail(new Error("no more"))())).rejects.toThrow(
      new RunError(`${at("kept")} could not be written: no more; the previous one, if any, is untouched`),
    );
    await expect(writePiecesAtomically(at("kept"), fail(new UserError("the source is gone"))())).rejects.toThrow(
      new UserError("the source is gone"),
    );
    expect(readFileSync(at("kept"), "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});

/** The number that the next opened file gets: the lowest that is free. */
function nextDescriptor(): number {
  const descriptor = openSync(folder, "r");
  closeSync(descriptor);
  return descriptor;
}
