import { existsSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import { inputName } from "../files/input.ts";
import { expectWritable } from "../files/output_place.ts";
import type { Observer } from "../observer.ts";
import { importAudioFolder } from "./audio_folder.ts";
import { importCommonVoice } from "./common_voice.ts";
import type { Importer, ImportedUtterance } from "./imported.ts";
import { importJsonLines } from "./json_lines.ts";
import { importKaldi } from "./kaldi.ts";
import { importLibriSpeech } from "./librispeech.ts";
import { measureDurations } from "./measure.ts";
import { cleanText, type TextOptions } from "./plain_text.ts";
import { isLeftBySystem, nameSome } from "./text_file.ts";
import { writeManifest } from "./write_manifest.ts";

/** Corpus kinds, as named on the command line. */
export const IMPORTERS: Readonly<Record<string, Importer>> = {
  kaldi: importKaldi,
  librispeech: importLibriSpeech,
  commonvoice: importCommonVoice,
  audiofolder: importAudioFolder,
  jsonl: importJsonLines,
};

export interface ImportOptions extends TextOptions {
  /** The manifest to write. */
  readonly out: string;
  /** Read the audio for durations that the corpus does not give. */
  readonly durations: boolean;
  /** Replace an existing manifest. */
  readonly force: boolean;
  /** Of a Kaldi folder, keep the utterances that all its files have. */
  readonly intersect?: boolean;
  readonly observer: Observer;
}

export interface ImportSummary {
  readonly utterances: number;
  readonly files: number;
  readonly speakers: number;
  /** Total duration of the utterances for which it is known. */
  readonly seconds: number;
  readonly unknownDurations: number;
  readonly warnings: readonly string[];
}

/**
 * Writes a manifest for a corpus in another format; the audio stays where it is.
 *
 * @throws UserError if the kind is unknown, the manifest already exists, or the corpus is invalid or without utterances; the
 *   manifest is then left as it was
 */
export async function importCorpus(kind: string, corpus: string, options: ImportOptions): Promise<ImportSummary> {
  const importer = Object.hasOwn(IMPORTERS, kind) ? IMPORTERS[kind] : undefined;
  if (!importer) throw new UserError(`unknown kind of corpus '${kind}', expected ${Object.keys(IMPORTERS).join(", ")}`);
  const { out, force, durations, intersect = false, observer } = options;
  expectWritable(out, force);
  const leftOut: string[] = [];
  const warn = (message: string): void => void leftOut.push(message);
  const found = withoutLeftFiles(await importer(corpus, { intersect, warn }), warn).map((utterance) => ({
    ...utterance,
    text: cleanText(utterance.text, options),
  }));
  if (found.length === 0)
    throw new UserError([`${inputName(corpus)} has no utterances to import`, ...leftOut].join(": "));
  const missing = expectAudio(found, corpus);
  const { utterances, warnings } = durations
    ? await withDurations(found, observer)
    : { utterances: found, warnings: missing };
  writeManifest(out, utterances);
  const known = utterances.flatMap(({ duration }) => duration ?? []);
  return {
    utterances: utterances.length,
    files: new Set(utterances.map(({ audioPath }) => audioPath)).size,
    speakers: new Set(utterances.flatMap(({ speaker }) => speaker ?? [])).size,
    seconds: known.reduce((sum, seconds) => sum + seconds, 0),
    unknownDurations: utterances.length - known.length,
    warnings: [...leftOut, ...warnings],
  };
}

/** Leaves out utterances whose files systems left beside the data, such as a table made of all names in a folder lists. */
function withoutLeftFiles(
  utterances: readonly ImportedUtterance[],
  warn: (message: string) => void,
): readonly ImportedUtterance[] {
  const left = utterances.filter(({ audioPath }) => isLeftBySystem(path.basename(audioPath)));
  if (left.length === 0) return utterances;
  const names = left.map(({ audioPath }) => path.basename(audioPath));
  warn(`left out ${left.length} of ${utterances.length} utterances, whose files are no recordings: ${nameSome(names)}`);
  return utterances.filter(({ audioPath }) => !isLeftBySystem(path.basename(audioPath)));
}

/** Warns of some missing files; if all are missing, the path is wrong. */
function expectAudio(utterances: readonly ImportedUtterance[], corpus: string): string[] {
  const files = [...new Set(utterances.map(({ audioPath }) => audioPath))];
  const missing = files.filter((file) => !existsSync(file)).map((file) => path.relative("", file));
  if (missing.length === 0) return [];
  if (missing.length === files.length)
    throw new UserError(`${corpus}: none of its ${files.length} audio files exist: ${nameSome(missing)}`);
  return [`${missing.length} of ${files.length} audio files do not exist: ${nameSome(missing)}`];
}

async function withDurations(utterances: readonly ImportedUtterance[], observer: Observer) {
  const task = observer.task("reading audio", utterances.length);
  try {
    return await measureDurations(utterances, (done) => task.update(done, utterances.length));
  } finally {
    task.stop();
  }
}
