import { UserError } from "../../engine/errors.ts";

/**
 * Text of UTF-8, without its byte order mark. Anything else is refused: read as UTF-8 all the same, the letters of other
 * encodings would become one strange character, which a model would learn to spell.
 *
 * @param name how messages call the file
 * @throws UserError that names the first line with a byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const before = new TextDecoder().decode(bytes).split("\uFFFD")[0] as string;
    throw new UserError(`${name}, line ${before.split("\n").length}: not UTF-8; save the file in that encoding`);
  }
}
