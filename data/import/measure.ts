import { UserError } from "../../engine/errors.ts";
import { readRecording } from "../audio/audio.ts";
import type { ImportedUtterance } from "./imported.ts";

export interface Measured {
  readonly utterances: ImportedUtterance[];
  /**
   * One sentence for each unreadable file, whose utterances stay without a duration, and for each of which something was
   * left out or decided.
   */
  readonly warnings: string[];
}

/**
 * Fills in missing durations by reading the audio, each file once.
 *
 * @param onProgress called after each utterance
 */
export async function measureDurations(
  utterances: readonly ImportedUtterance[],
  onProgress?: (done: number) => void,
): Promise<Measured> {
  const lengths = new Map<string, number | null>();
  const warnings: string[] = [];
  const lengthOf = async (file: string): Promise<number | null> => {
    try {
      const { samples, sampleRate, remarks } = await readRecording(file);
      warnings.push(...remarks.map((remark) => `${file}: ${remark}`));
      return samples.length / sampleRate;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      warnings.push(error.message);
      return null;
    }
  };

  const measured: ImportedUtterance[] = [];
  for (const [i, utterance] of utterances.entries()) {
    const { audioPath, offset = 0, duration } = utterance;
    if (duration === undefined && !lengths.has(audioPath)) lengths.set(audioPath, await lengthOf(audioPath));
    const rest = (lengths.get(audioPath) ?? 0) - offset;
    measured.push(duration === undefined && rest > 0 ? { ...utterance, duration: Number(rest.toFixed(6)) } : utterance);
    onProgress?.(i + 1);
  }
  return { utterances: measured, warnings };
}
