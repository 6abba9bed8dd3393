import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { unpacked } from "../../../data/files/unpacked.ts";

/** What comes out for bytes that arrive in chunks of a size. */
async function unpack(bytes: Buffer, size: number): Promise<string> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const parts: Uint8Array[] = [];
  const others = [["OTHER", "a file of another tool"]] as const;
  for await (const part of unpacked(Readable.from(chunks), "a.txt", others)) parts.push(part);
  return Buffer.concat(parts).toString();
}

const text = "one\ntwo\n".repeat(50);

test.each([1, 7, 1000])("a text, gzipped or not, in chunks of %i bytes", async (size) => {
  for (const wanted of [text, "a", ""]) {
    expect(await unpack(Buffer.from(wanted), size)).toBe(wanted);
    expect(await unpack(gzipSync(wanted), size)).toBe(wanted);
  }
  await expect(unpack(gzipSync(text).subarray(0, -9), size)).rejects.toThrow(/unexpected end of file/);
});

test.each([
  ["BZh91AY&SY", "compressed with bzip2: decompress it with bzip2 -d, or compress it with gzip instead"],
  ["\xfd7zXZ\0\0\x04", "compressed with xz: decompress it with xz -d, or compress it with gzip instead"],
  ["PK\x03\x04", "a zip archive: unpack it, or compress the file with gzip instead"],
  ["OTHER", "a file of another tool"],
])("%j is refused", async (start, what) => {
  for (const size of [1, 100])
    await expect(unpack(Buffer.from(start.padEnd(40), "latin1"), size)).rejects.toThrow(
      new UserError(`a.txt is ${what}`),
    );
});

test("who stops reading closes the source", async () => {
  const source = Readable.from(Array.from({ length: 1000 }, () => Buffer.from("line\n".repeat(100))));
  for await (const part of unpacked(source, "a.txt")) {
    expect(part.length).toBeGreaterThan(0);
    break;
  }
  expect(source.destroyed).toBe(true);
});
