import path from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import { normaliseText } from "../../model/units/normal_form.ts";
import type { Piece } from "../audio/piece.ts";
import { inputName, readInput } from "../files/input.ts";
import { decodeUtf8 } from "../files/utf8.ts";
import { distinctIds, idFromPath } from "./utterance_ids.ts";

/** One line of a manifest. */
export interface ManifestEntry {
  /**
   * The name in logs and reports: the line's `id`, or its audio path without extension, with as many folders as
   * distinguish it from others in the manifest, and `@12.5` for a non-zero offset.
   */
  id: string;
  /** Absolute, or relative to the working directory if the manifest's own path is. */
  audioPath: string;
  /** Unicode NFC, words separated by single spaces. */
  text: string;
  /** In seconds, if the line gives it: of the piece, or of the whole file if `isWhole`. */
  duration: number | null;
  /** Start of the utterance in the file, in seconds. */
  offset: number;
  /** Whether the line has no `offset`: the utterance is then the whole file, whatever the duration. */
  isWhole: boolean;
  speaker: string | null;
  /** For messages: `train.jsonl, line 12`. */
  source: string;
}

export interface Manifest {
  entries: ManifestEntry[];
  /** One sentence for each problem that could be ignored. */
  warnings: string[];
  /** The dropped utterances, each with the one that it repeats. */
  duplicates: (ManifestEntry & { earlier: ManifestEntry })[];
}

export interface ManifestOptions {
  /** False for noise recordings: lines need no text. */
  readonly texts?: boolean;
}

const lineSchema = z.looseObject({
  audio_filepath: z.string().min(1),
  text: z.string(),
  duration: z.number().positive().nullish(),
  speaker: z.union([z.string(), z.number()], "expected string or number").nullish(),
  id: z.string().min(1).nullish(),
  offset: z.number().nonnegative().nullish(),
});

const textlessSchema = lineSchema.extend({ text: z.string().default("") }) as unknown as typeof lineSchema;

/**
 * Reads a manifest: JSON Lines, one utterance per line,
 * `{"audio_filepath": "audio/a.flac", "text": "one two", "duration": 1.2, "speaker": "anna"}`, with the first two
 * fields required. A line with an `offset` (in seconds, as in NeMo's manifests) is the piece of the file that starts
 * there and has the line's duration, or extends to the end of the file without one. Relative audio paths start at the
 * manifest's folder. Empty lines are skipped, other fields ignored. An utterance with the audio path, offset and text
 * of an earlier one is dropped, with a warning.
 *
 * @throws UserError if the file cannot be read or has no utterances, or naming the file, line number and field of an
 *   invalid line
 */
export async function readManifest(file: string, { texts = true }: ManifestOptions = {}): Promise<Manifest> {
  const name = inputName(file);
  const bytes = await readInput(file).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `cannot read the manifest ${name}: ${error.code === "ENOENT" ? "there is no such file" : error.message}`,
    );
  });
  const all = decodeUtf8(bytes, name)
    .split("\n")
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => parseLine(line, file, number, texts ? lineSchema : textlessSchema));
  if (all.length === 0) throw new UserError(`the manifest ${name} has no utterances`);
  const manifest = dropDuplicates(all);
  return {
    ...manifest,
    entries: distinctIds(manifest.entries, (entry) => entry.id !== idFromPath(entry.audioPath, entry.offset)),
  };
}

function parseLine(line: string, file: string, number: number, schema: typeof lineSchema): ManifestEntry {
  const source = `${inputName(file)}, line ${number}`;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    throw new UserError(`${source}: not JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const { path: field, message } = parsed.error.issues[0]!;
    throw new UserError(`${source}: ${field.length > 0 ? `field "${field.join(".")}": ` : ""}${message}`);
  }
  const { audio_filepath, text, duration, speaker, id, offset } = parsed.data;
  return {
    id: id ?? idFromPath(audio_filepath, offset ?? 0),
    audioPath: path.isAbsolute(audio_filepath) ? audio_filepath : path.join(path.dirname(file), audio_filepath),
    text: normaliseText(text),
    duration: duration ?? null,
    offset: offset ?? 0,
    isWhole: offset == null,
    speaker: speaker == null ? null : String(speaker),
    source,
  };
}

/** The piece of its file that an entry covers; undefined for the whole file. */
export function pieceOf({
  offset,
  duration,
  isWhole,
}: Pick<ManifestEntry, "offset" | "duration" | "isWhole">): Piece | undefined {
  return isWhole ? undefined : { offset, duration };
}

function dropDuplicates(all: ManifestEntry[]): Manifest {
  const first = new Map<string, ManifestEntry>();
  const duplicates: Manifest["duplicates"] = [];
  for (const entry of all) {
    const key = JSON.stringify([path.resolve(entry.audioPath), entry.offset, entry.text]);
    const earlier = first.get(key);
    if (earlier) duplicates.push({ ...entry, earlier });
    else first.set(key, entry);
  }
  const warnings = duplicates.map(
    ({ source, id, earlier }) => `${source}: ${id} has the same audio and text as ${earlier.source} and is dropped`,
  );
  return { entries: [...first.values()], warnings, duplicates };
}
