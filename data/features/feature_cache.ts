import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { threadId } from "node:worker_threads";
import type { Features } from "../../model/features/fbank.ts";
import type { Piece } from "../audio/piece.ts";
import { makeFolders } from "../../engine/node/make_folders.ts";

/*
 * Features on disk, one file per utterance, before normalisation. A file's name is the hash of everything its values
 * depend on, so features for other settings or changed audio are simply not found. File format:
 *
 *   8 bytes   "unfoldft"
 *   32 bytes  the key, as in the name
 *   3 x u32   frames, bins, samples (of the utterance as recorded, at the front end's rate)
 *   16 bytes  checksum of all the rest
 *   f32       [frames, bins]
 *   UTF-8     the remarks of reading the audio, a JSON list; nothing if there are none
 *
 * Numbers are in native byte order: a cache does not move to another machine.
 */

/** Increment with any change to decoding, resampling or the front end that changes a value. */
const CODE_VERSION = 3;

const MAGIC = Buffer.from("unfoldft", "latin1");
const COUNTS = MAGIC.length + 32;
const CHECKSUM = COUNTS + 3 * 4;
const HEADER = CHECKSUM + 16;

export interface StoredFeatures extends Features {
  readonly samples: number;
  /** See `Audio.remarks`: who reads the features anew has to be told as well. */
  readonly remarks: readonly string[];
}

/**
 * The cache key of an utterance's features.
 *
 * @param content  hash of the audio file's bytes
 * @param speed    speed perturbation of the waveform; 1 for none
 * @param settings `cacheKey` of the front end
 */
export function featureKey(
  content: string,
  piece: Piece | undefined,
  speed: number,
  settings: Readonly<Record<string, number | boolean>>,
): string {
  const cut = piece ? [piece.offset, piece.duration] : null;
  const options = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([CODE_VERSION, content, cut, speed, options]))
    .digest("hex");
}

/** Reads the features of a key; "damaged" if the file is not a complete one for that key. */
export function readFeatures(folder: string, key: string): StoredFeatures | "missing" | "damaged" {
  let bytes: Buffer;
  try {
    bytes = readFileSync(pathOf(folder, key));
  } catch (error) {
    return ["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "") ? "missing" : "damaged";
  }
  if (bytes.length < HEADER || !bytes.subarray(CHECKSUM, HEADER).equals(checksum(bytes))) return "damaged";
  if (!bytes.subarray(0, COUNTS).equals(Buffer.concat([MAGIC, Buffer.from(key, "hex")]))) return "damaged";
  const content = Uint8Array.from(bytes).buffer; // an aligned copy
  const [frames, bins, samples] = new Uint32Array(content, COUNTS, 3) as unknown as [number, number, number];
  const end = HEADER + frames * bins * Float32Array.BYTES_PER_ELEMENT;
  const remarks = bytes.length > end ? (JSON.parse(bytes.toString("utf8", end)) as string[]) : [];
  return { frames, bins, samples, values: new Float32Array(content.slice(HEADER, end)), remarks };
}

/**
 * Writes features under a temporary name first, so that no reader sees a partial file. It is not flushed to disk: after
 * a system crash the checksum detects damage.
 *
 * @throws file system errors, such as ENOSPC
 */
export function writeFeatures(
  folder: string,
  key: string,
  { frames, bins, samples, values, remarks }: StoredFeatures,
): void {
  const told = Buffer.from(remarks.length > 0 ? JSON.stringify(remarks) : "");
  const bytes = Buffer.alloc(HEADER + values.byteLength + told.length);
  bytes.set(told, HEADER + values.byteLength);
  MAGIC.copy(bytes);
  bytes.write(key, MAGIC.length, "hex");
  bytes.set(new Uint8Array(Uint32Array.of(frames, bins, samples).buffer), COUNTS);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), HEADER);
  bytes.set(checksum(bytes), CHECKSUM);
  const path = pathOf(folder, key);
  const partial = `${path}.${process.pid}-${threadId}.partial`;
  try {
    makeFolders(dirname(path));
    writeFileSync(partial, bytes);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Spreads the files over folders, each of at most a few thousand even for a large corpus. */
const pathOf = (folder: string, key: string): string => join(folder, key.slice(0, 2), `${key.slice(2)}.feat`);

const checksum = (bytes: Buffer): Buffer =>
  createHash("sha256").update(bytes.subarray(0, CHECKSUM)).update(bytes.subarray(HEADER)).digest().subarray(0, 16);
