import { existsSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import type { ImportedUtterance, ImporterOptions } from "./imported.ts";
import { expectSameIds, readKaldiTable, sharedRows, type KaldiRow, type KaldiTable } from "./kaldi_table.ts";
import { nameSome } from "./text_file.ts";

/**
 * Imports a Kaldi data folder (kaldi-asr.org/doc/data_prep.html): `wav.scp` (recording, path), `text` (utterance,
 * words), and optionally `segments` (utterance, recording, start, end in seconds) and `utt2spk` (utterance, speaker).
 * Without segments each recording is an utterance. Relative paths start at the working directory, as in Kaldi, or else
 * at the folder.
 *
 * @param intersect keep the utterances that all files have, recordings of segments included, and count the others in a warning
 * @throws UserError also if ids of one file are missing in another, or for a command in `wav.scp`, which is never run
 */
export async function importKaldi(folder: string, { intersect, warn }: ImporterOptions): Promise<ImportedUtterance[]> {
  const optional = (name: string) => (existsSync(path.join(folder, name)) ? readKaldiTable(folder, name) : undefined);
  const recordings = await readKaldiTable(folder, "wav.scp");
  const allTexts = await readKaldiTable(folder, "text");
  const segments = await optional("segments");
  const speakers = await optional("utt2spk");
  const others = [segments ?? recordings, ...(speakers ? [speakers] : [])];
  if (!intersect) for (const other of others) expectSameIds(folder, allTexts, other);
  const recordingOf = (id: string): string => (segments ? parseSegment(segments.rows.get(id)!).recording : id);
  const shared = intersect ? sharedRows(folder, allTexts, others, warn) : allTexts;
  const texts = intersect ? recordedRows(folder, shared, { recordingOf, recordings, warn }) : shared;

  if (segments) expectRecordings(folder, texts, segments, recordings);
  const used = new Set([...texts.rows.keys()].map(recordingOf));
  const paths = new Map([...used].map((id) => [id, audioPath(recordings.rows.get(id)!, folder)]));
  return [...texts.rows].map(([id, { value: text }]) => {
    const { recording, ...piece } = segments ? parseSegment(segments.rows.get(id)!) : { recording: id };
    const speaker = speakers?.rows.get(id)?.value;
    return { id, audioPath: paths.get(recording)!, text, ...(speaker && { speaker }), ...piece };
  });
}

function audioPath({ value, source }: KaldiRow, folder: string): string {
  if (value === "") throw new UserError(`${source}: the path is missing`);
  if (value.endsWith("|") || value.startsWith("|")) {
    throw new UserError(
      `${source}: '${value}' is a command, and commands are not run: write its output to an audio file and put the file's path here`,
    );
  }
  if (/\.ark:\d+$/u.test(value))
    throw new UserError(`${source}: '${value}' is in a Kaldi archive, expected the path of an audio file`);
  return (
    [path.resolve(value), path.resolve(folder, value)].find((candidate) => existsSync(candidate)) ?? path.resolve(value)
  );
}

function parseSegment({ value, source }: KaldiRow): { recording: string; offset: number; duration?: number } {
  const [recording = "", start, end, ...rest] = value.split(/\s+/u);
  if (rest.length > 0)
    throw new UserError(
      `${source}: channels of a recording cannot be selected, since they are averaged; expected recording, start and end`,
    );
  const [offset, until] = [Number(start), Number(end)];
  if (!(offset >= 0 && offset < Infinity) || !((until > offset && until < Infinity) || until === -1))
    throw new UserError(`${source}: expected recording, start and end in seconds, got '${value}'`);
  // An end of -1 is the recording's end. Kaldi's times are decimal, and so should be the difference.
  return until === -1 ? { recording, offset } : { recording, offset, duration: Number((until - offset).toFixed(6)) };
}

/**
 * The rows of utterances whose recordings are known. Tells how many are left out.
 *
 * @throws UserError if there are none
 */
function recordedRows(
  folder: string,
  texts: KaldiTable,
  options: { recordingOf: (id: string) => string; recordings: KaldiTable; warn: (message: string) => void },
): KaldiTable {
  const { recordingOf, recordings, warn } = options;
  const rows = new Map([...texts.rows].filter(([id]) => recordings.rows.has(recordingOf(id))));
  const left = texts.rows.size - rows.size;
  if (left === 0) return texts;
  const missing = new Set([...texts.rows.keys()].map(recordingOf).filter((id) => !recordings.rows.has(id)));
  const which = `missing in ${recordings.name} (${nameSome([...missing])})`;
  if (rows.size === 0)
    throw new UserError(`${folder}: the recordings of all ${left} utterances that the files share are ${which}`);
  warn(`${folder}: left out ${left} of ${texts.rows.size} utterances, whose recordings are ${which}`);
  return { name: texts.name, rows };
}

/** Every segment needs its recording. Recordings without a segment are fine: filtered Kaldi folders have them. */
function expectRecordings(folder: string, texts: KaldiTable, segments: KaldiTable, recordings: KaldiTable): void {
  const used = [...texts.rows.keys()].map((id) => parseSegment(segments.rows.get(id)!).recording);
  const missing = [...new Set(used)].filter((id) => !recordings.rows.has(id));
  if (missing.length > 0)
    throw new UserError(
      `${folder}: the ids do not match: ${missing.length} recordings of segments missing in wav.scp (${nameSome(missing)})`,
    );
}
