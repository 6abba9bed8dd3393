import type { BatchShape } from "../../recognition/memory.ts";
import { formatCount, formatNumber } from "../../data/text/number_format.ts";

/**
 * The size of a batch in words: "16 utterances of 390 frames", "2 utterances of 31,680 samples (1.98 s)".
 *
 * @param waveformRate sample rate in Hz, for models of waveforms, whose frames are samples
 */
export function batchText(
  { size, frames }: Pick<BatchShape, "size" | "frames">,
  waveformRate: number | undefined,
): string {
  const length =
    waveformRate === undefined
      ? `${formatCount(frames)} frames`
      : `${formatCount(frames)} samples (${formatNumber(frames / waveformRate)} s)`;
  return `${formatCount(size)} utterance${size === 1 ? "" : "s"} of ${length}`;
}
