import type { Command } from "commander";
import { UserError } from "../../engine/errors.ts";
import { defaultOverlap, type ChunkSeconds } from "../../recognition/chunks.ts";

export interface ChunkOptions {
  chunkSeconds?: string;
  overlapSeconds?: string;
}

/** Adds `--chunk-seconds` and `--overlap-seconds`. */
export function addChunkOptions(command: Command): Command {
  return command
    .option(
      "--chunk-seconds <seconds>",
      "recognise longer files in overlapping chunks of this length, few of which are in memory at a time; waveforms are normalised chunk by chunk; 0: every file as a whole (default: 30, or less if the device lacks memory)",
    )
    .option("--overlap-seconds <seconds>", "least overlap of neighbouring chunks (default: a sixth of a chunk)");
}

/**
 * Parses these options; undefined for no chunks. Throws UserError for invalid lengths.
 *
 * @param longest default length of a chunk, in seconds
 */
export function parseChunks(
  { chunkSeconds, overlapSeconds }: ChunkOptions,
  longest: () => number,
): ChunkSeconds | undefined {
  const chunk = chunkSeconds === undefined ? longest() : parseSeconds("--chunk-seconds", chunkSeconds);
  const overlap =
    overlapSeconds === undefined ? defaultOverlap(chunk) : parseSeconds("--overlap-seconds", overlapSeconds);
  if (chunk === 0) {
    if (overlapSeconds !== undefined)
      throw new UserError(
        "--overlap-seconds needs chunks, but --chunk-seconds is 0: every file is recognised as a whole",
      );
    return undefined;
  }
  if (overlap >= chunk)
    throw new UserError(
      `--overlap-seconds ${overlap} must be less than --chunk-seconds ${chunk}, or chunks would not advance`,
    );
  return { chunk, overlap };
}

function parseSeconds(option: string, text: string): number {
  const seconds = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new UserError(`${option}: expected seconds, 0 or more, got '${text}'`);
  return seconds;
}
