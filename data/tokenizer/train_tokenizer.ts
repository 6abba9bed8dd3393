import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { SubwordUnits } from "../../model/units/subword.ts";
import { isDevice, writeAtomically } from "../files/atomic_file.ts";
import { readManifest, type ManifestEntry } from "../manifest/manifest.ts";
import { makeFolder } from "../files/output_place.ts";
import type { Observer } from "../observer.ts";
import { marksWarning } from "../text/marks.ts";
import { learnBytePairs, SPECIAL_TOKENS } from "./byte_pair.ts";
import { bytePairTokenizer } from "./tokenizer_file.ts";

export interface TokenizerOptions {
  /** Manifests with the texts to learn from. */
  readonly manifests: readonly string[];
  readonly kind: "bpe" | "characters";
  /** Number of tokens, equal to the model's number of classes; required for kind bpe, unused otherwise. */
  readonly size: number | null;
  /** The tokenizer.json to write. */
  readonly out: string;
  /** Overwrite an existing file. */
  readonly force?: boolean;
  readonly observer: Observer;
}

export interface TrainedTokenizer {
  readonly units: SubwordUnits;
  readonly texts: number;
  /** Mean length of a text in labels (what CTC has to fit into its frames), next to that in characters. */
  readonly labelsPerText: number;
  readonly charactersPerText: number;
}

/**
 * Makes a tokenizer.json from the texts of manifests.
 *
 * @throws UserError if the file already exists (unless `force`) or is a folder, a manifest cannot be read, or the texts
 *   cannot give a tokenizer of this size
 */
export async function trainTokenizer({
  manifests,
  kind,
  size,
  out,
  force = false,
  observer,
}: TokenizerOptions): Promise<TrainedTokenizer> {
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`--out: ${out} is a folder, expected the name of a file`);
  if (existsSync(out) && !isDevice(out) && !force)
    throw new UserError(`${out} already exists: choose another file with --out, or add --force`);
  let entries: ManifestEntry[] = [];
  for (const manifest of manifests) entries = entries.concat((await readManifest(manifest)).entries);
  expectNoSpecialTokens(entries);
  const marked = marksWarning(entries);
  if (marked !== undefined) observer.message(`warning: ${marked}`);
  const texts = entries.map(({ text }) => text);

  let task: ReturnType<typeof observer.task> | undefined;
  const onProgress = (done: number, total: number): void => {
    task ??= observer.task("merging pairs", total);
    task.update(done, total);
  };
  let json: ReturnType<typeof bytePairTokenizer>;
  try {
    json = bytePairTokenizer(learnBytePairs(texts, { size: kind === "bpe" ? size : null, onProgress }));
  } finally {
    task?.stop();
  }
  const units = new SubwordUnits(json, out);
  const mean = (lengths: number[]): number => lengths.reduce((sum, length) => sum + length, 0) / texts.length;
  const labelsPerText = mean(texts.map((text) => units.encode(text).length)); // throws if a text contains the word marker
  const charactersPerText = mean(texts.map((text) => [...text].length));
  makeFolder(dirname(out));
  writeAtomically(out, Buffer.from(`${JSON.stringify(json, null, 2)}\n`));
  return { units, texts: texts.length, labelsPerText, charactersPerText };
}

/** A text with the name of a special token cannot be encoded, though each of its characters can. */
function expectNoSpecialTokens(entries: readonly ManifestEntry[]): void {
  for (const { text, source } of entries)
    for (const token of SPECIAL_TOKENS)
      if (text.includes(token))
        throw new UserError(
          `${source}: the text has "${token}", the name of a special token: replace it by what was said, or remove it and other marks (unfold data import jsonl MANIFEST --remove-marks)`,
        );
}
