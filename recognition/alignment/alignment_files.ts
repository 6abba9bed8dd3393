import { createHash } from "node:crypto";
import { join } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import type { ManifestEntry } from "../../data/manifest/manifest.ts";
import type { AlignedUtterance } from "./align.ts";
import { ctmLines } from "./ctm.ts";
import { textGrid } from "./textgrid.ts";

export type AlignmentFormat = "ctm" | "textgrid";

/**
 * Writes alignments into a folder: one `alignment.ctm` for all utterances, or one `<id>.TextGrid` for each, with `_` in
 * place of characters not allowed in file names; a name that is too long is cut.
 *
 * @returns the path written, or the folder of the files
 */
export function writeAlignments(
  folder: string,
  utterances: readonly AlignedUtterance[],
  format: AlignmentFormat,
): string {
  if (format === "ctm") {
    const path = join(folder, "alignment.ctm");
    writeAtomically(path, Buffer.from(utterances.map(({ id, words }) => ctmLines(id, words)).join("")));
    return path;
  }
  for (const utterance of utterances)
    writeAtomically(
      join(folder, `${fileName(utterance.id)}.TextGrid`),
      Buffer.from(textGrid(utterance, utterance.seconds)),
    );
  return folder;
}

/** Rejects two utterances with the same name in the files. Throws a UserError that names their lines. */
export function expectDistinctNames(entries: readonly ManifestEntry[]): void {
  const first = new Map<string, ManifestEntry>();
  for (const entry of entries) {
    const name = fileName(entry.id);
    const earlier = first.get(name);
    if (earlier)
      throw new UserError(
        `${entry.source}: '${entry.id}' has the same name as the utterance of ${earlier.source}; give one of them its own "id"`,
      );
    first.set(name, entry);
  }
}

/** File systems allow 255 bytes, of which the ending and the mark of an unfinished file need some. */
const MOST_BYTES = 200;

/** The id as a file name. One that is too long is cut, and ends with a digest of all of it. */
function fileName(id: string): string {
  const name = id.replace(/[\s/\\:*?"<>|\0]+/gu, "_");
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 16);
  let cut = "";
  for (const character of name) {
    if (Buffer.byteLength(cut + character) > MOST_BYTES - digest.length - 1) break;
    cut += character;
  }
  return `${cut}-${digest}`;
}
