import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../../engine/errors.ts";

const GZIP = "\x1f\x8b";

/** How files start that are no text, and what makes one of them. */
const OTHERS: readonly (readonly [start: string, what: string])[] = [
  ["BZh", "compressed with bzip2: decompress it with bzip2 -d, or compress it with gzip instead"],
  ["\xfd7zXZ\0", "compressed with xz: decompress it with xz -d, or compress it with gzip instead"],
  ["\x28\xb5\x2f\xfd", "compressed with zstd: decompress it with zstd -d, or compress it with gzip instead"],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it, or compress the file with gzip instead"],
  ["PK\x03\x04", "a zip archive: unpack it, or compress the file with gzip instead"],
];

/**
 * The bytes of a text as they arrive, decompressed if it is gzipped.
 *
 * @param name   of the file in messages
 * @param others further starts of files that are refused, with what such a file is
 * @throws UserError for a text that is compressed in another way; what `createGunzip` throws
 */
export async function* unpacked(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  others: typeof OTHERS = [],
): AsyncGenerator<Uint8Array> {
  const all = [...OTHERS, ...others];
  const needed = Math.max(...all.map(([start]) => start.length));
  const source = chunks[Symbol.asyncIterator]();
  try {
    let head: Buffer = Buffer.alloc(0);
    for (let next = await source.next(); !next.done; next = await source.next()) {
      head = Buffer.concat([head, next.value]);
      if (head.length >= needed) break;
    }
    const begins = (start: string): boolean => head.toString("latin1", 0, start.length) === start;
    const other = all.find(([start]) => begins(start));
    if (other) throw new UserError(`${name} is ${other[1]}`);
    if (begins(GZIP)) yield* gunzipped(joined(head, source));
    else yield* joined(head, source);
  } finally {
    await source.return?.();
  }
}

async function* joined(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(chunks), createGunzip(), () => undefined); // whoever reads it receives the error
}
