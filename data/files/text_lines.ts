import { decodeUtf8 } from "./utf8.ts";

const LINE_FEED = 0x0a;

/**
 * The lines of UTF-8 text as it arrives, without their line feeds, and without a byte order mark at the start. Only line feeds end
 * lines: `node:readline` also ends them at U+2028, which words of texts from the web may have, since Node 24.
 *
 * @param name of the file in messages
 * @throws UserError naming the first line with a byte that is not UTF-8
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  let number = 1;
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1;
    rest = bytes.subarray(end);
    if (end === 0) continue;
    const lines = decodeUtf8(bytes.subarray(0, end - 1), name, number).split("\n");
    number += lines.length;
    yield* lines;
  }
  if (rest.length > 0) yield decodeUtf8(rest, name, number);
}
