import { UserError } from "../../engine/errors.ts";
import { inputName, readInput } from "../files/input.ts";
import { decodeUtf8 } from "../files/utf8.ts";

/** A non-empty line with its number, from 1. */
export interface Line {
  readonly text: string;
  readonly number: number;
}

/**
 * Reads a text file without its byte order mark.
 *
 * @param what describes it in the message: `the Kaldi folder's wav.scp`
 * @throws UserError if it cannot be read or is not UTF-8
 */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readInput(path).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UserError) throw error;
    const { code, message } = error;
    const why =
      code === "ENOENT" || code === "ENOTDIR"
        ? "there is no such file"
        : code === "EISDIR"
          ? "it is a folder"
          : message;
    throw new UserError(`cannot read ${what} ${inputName(path)}: ${why}`);
  });
  return decodeUtf8(bytes, inputName(path));
}

/** The non-empty lines, trimmed. */
export function linesOf(content: string): Line[] {
  return content
    .split("\n")
    .map((line, i) => ({ text: line.trim(), number: i + 1 }))
    .filter(({ text }) => text !== "");
}

/** Names at most three: `a, b, c and 7 more`. */
export function nameSome(names: readonly string[]): string {
  const rest = names.length - 3;
  return names.slice(0, 3).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** Names of what macOS, Windows, network storage, notebooks and editors leave beside the data. */
const LEFT = [
  /^(\._.*|\.DS_Store|\.AppleDouble|\.Spotlight-V100|\.fseventsd|__MACOSX)$/iu,
  /^(Thumbs\.db|desktop\.ini|\$RECYCLE\.BIN|System Volume Information)$/iu,
  /^(@eaDir|#recycle|#snapshot|\.snapshots?|\.Trash.*|lost\+found|\.nfs[0-9a-f]+.*)$/iu,
  /^(\.ipynb_checkpoints|.+~|#.+#|\.#.+|\.~lock\..*)$/iu,
];

/** Whether systems or editors left the file beside the data, or in a folder of theirs. */
export const isLeftBySystem = (file: string): boolean =>
  file.split(/[\\/]/u).some((name) => LEFT.some((pattern) => pattern.test(name)));

/** Whether a file, or a folder that it is in, is hidden: who looks for data in a folder does not mean it. */
export const isHidden = (file: string): boolean => file.split(/[\\/]/u).some((name) => /^\.[^.]/u.test(name));
