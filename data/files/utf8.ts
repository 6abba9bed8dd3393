import { UserError } from "../../engine/errors.ts";

/**
 * Decodes UTF-8 text, without its byte order mark. Anything else is rejected: letters of other encodings would decode
 * to a replacement character, which a model would learn to spell.
 *
 * @param name of the file in error messages
 * @param firstLine number of the bytes' first line, if they are not the whole file; a byte order mark then stays
 * @throws UserError naming the first line with a byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, name: string, firstLine = 1): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: firstLine > 1 }).decode(bytes);
  } catch {
    const before = new TextDecoder().decode(bytes).split("\uFFFD")[0] as string;
    throw new UserError(
      `${name}, line ${firstLine + before.split("\n").length - 1}: not UTF-8; save the file in that encoding`,
    );
  }
}
