import { UserError } from "../../engine/errors.ts";

/**
 * Decodes UTF-8 text, without its byte order mark. Anything else is rejected: letters of other encodings would decode
 * to a replacement character, which a model would learn to spell.
 *
 * @param name of the file in error messages
 * @throws UserError naming the first line with a byte that is not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const before = new TextDecoder().decode(bytes).split("\uFFFD")[0] as string;
    throw new UserError(`${name}, line ${before.split("\n").length}: not UTF-8; save the file in that encoding`);
  }
}
