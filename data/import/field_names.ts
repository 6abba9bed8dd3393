import { UserError } from "../../engine/errors.ts";
import type { ImportedUtterance } from "./imported.ts";

/** Names that manifests and tables of other programs use for our fields; the first one present counts. */
const NAMES = {
  audio: ["audio_filepath", "audio_path", "audio_file", "audio", "file_name", "filename", "file", "path", "wav"],
  text: ["text", "transcription", "transcript", "sentence", "normalized_text", "txt"],
  speaker: ["speaker", "speaker_id", "spk", "client_id"],
  id: ["id", "utt_id", "utt", "key"],
} as const;

/**
 * Builds an utterance from an object with any of the usual field names: those of NeMo (`audio_filepath`, `text`,
 * `duration`, `offset`), WeNet (`key`, `wav`, `txt`, and `start` and `end` of a segment, in seconds) and Hugging Face
 * datasets (`file_name` or `audio`, `transcription` or `sentence`).
 *
 * @param locate makes the audio's path absolute
 * @throws UserError if a field is missing or invalid
 */
export function utteranceOf(
  fields: Readonly<Record<string, unknown>>,
  source: string,
  locate: (file: string) => string,
): ImportedUtterance {
  const found = (names: readonly string[]): unknown =>
    names.map((name) => fields[name]).find((value) => value !== undefined && value !== null && value !== "");
  const audio = found(NAMES.audio);
  // In Hugging Face's JSON the audio is an object with a path.
  const file = typeof audio === "object" && audio !== null && "path" in audio ? audio.path : audio;
  if (typeof file !== "string")
    throw new UserError(`${source}: no field holds the audio's path, expected one of ${NAMES.audio.join(", ")}`);
  const text = NAMES.text.map((name) => fields[name]).find((value) => typeof value === "string");
  if (text === undefined)
    throw new UserError(`${source}: no field holds the text, expected one of ${NAMES.text.join(", ")}`);

  const [speaker, id] = [found(NAMES.speaker), found(NAMES.id)];
  // Only for WeNet: in tables of clips already cut, start and end refer to another recording.
  const [start, end] = ["start", "end"].map((name) =>
    "wav" in fields ? seconds(found([name]), name, source) : undefined,
  );
  if (end !== undefined && !(end > (start ?? 0)))
    throw new UserError(`${source}: field "end": expected seconds after the start at ${start ?? 0}, got ${end}`);
  const offset = seconds(found(["offset"]), "offset", source) ?? start ?? (end === undefined ? undefined : 0);
  const duration =
    seconds(found(["duration"]), "duration", source) ??
    (end === undefined ? undefined : Number((end - (start ?? 0)).toFixed(6)));
  return {
    audioPath: locate(file),
    text,
    ...(id !== undefined && { id: String(id) }),
    ...(speaker !== undefined && { speaker: String(speaker) }),
    ...(offset !== undefined && { offset }),
    ...(duration && { duration }),
  };
}

function seconds(value: unknown, name: string, source: string): number | undefined {
  if (value === undefined) return undefined;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !(number >= 0))
    throw new UserError(`${source}: field "${name}": expected seconds, got ${JSON.stringify(value)}`);
  return number;
}
