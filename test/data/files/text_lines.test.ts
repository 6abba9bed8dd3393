import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { textLines } from "../../../data/files/text_lines.ts";

/** The lines of bytes that arrive in chunks of a size. */
async function linesOf(bytes: Buffer, size: number): Promise<string[]> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  const lines: string[] = [];
  for await (const line of textLines(Readable.from(chunks), "a.txt")) lines.push(line);
  return lines;
}

test.each([1, 2, 3, 7, 100])("only line feeds end lines, in chunks of %i bytes", async (size) => {
  const text = "\uFEFFone\u2028half\r\n\nthé\u0085\n\uFEFFlast";
  expect(await linesOf(Buffer.from(text), size)).toEqual(["one\u2028half\r", "", "thé\u0085", "\uFEFFlast"]);
  expect(await linesOf(Buffer.from("a\n"), size)).toEqual(["a"]);
  expect(await linesOf(Buffer.from(""), size)).toEqual([]);
});

test.each([1, 5, 100])("the line that is not UTF-8 is named, in chunks of %i bytes", async (size) => {
  await expect(linesOf(Buffer.from("one\ntwo\nth\xE9\nfour\n", "latin1"), size)).rejects.toThrow(
    "a.txt, line 3: not UTF-8; save the file in that encoding",
  );
});
