import type { DevRecord, StepRecord } from "../log/log_records.ts";
import type { PerDepth } from "../../checkpoint/state.ts";
import { formatBytes, formatCount, formatNumber, formatPercent } from "../../data/text/number_format.ts";

/** `2: 1.53  4: 1.21`: one value per depth, shallow first. */
export function perDepth(values: PerDepth, format: (value: number) => string): string {
  return Object.keys(values)
    .map(Number)
    .sort((a, b) => a - b)
    .map((depth) => `${depth}: ${format(values[depth]!)}`)
    .join("  ");
}

/** The losses of a step: the joint loss and its parts. */
export function lossText({ loss, ctc, attention, kl }: StepRecord): string {
  return `loss ${formatNumber(loss)}   CTC at depth ${perDepth(ctc, formatNumber)}${attention ? `   attention ${perDepth(attention, formatNumber)}` : ""}   KL ${formatNumber(kl)}`;
}

/** How the optimizer and the machine are doing. */
export function speedText({
  learningRate,
  gradNorm,
  framesPerSecond,
  audioPerSecond,
  dataWaitShare,
  gpuBytes,
  skipped,
}: StepRecord): string {
  const left = skipped > 0 ? `   ${formatCount(skipped)} utterances skipped` : "";
  const speed =
    audioPerSecond === undefined
      ? `${formatCount(framesPerSecond)} frames/s`
      : `${formatNumber(audioPerSecond)} s of audio/s`;
  return (
    `learning rate ${learningRate.toExponential(2)}   gradient norm ${formatNumber(gradNorm)}   ${speed}   ` +
    `waiting for data ${formatPercent(dataWaitShare, 0)}   GPU memory ${formatBytes(gpuBytes)}${left}`
  );
}

/** Word error rates and CTC losses on dev. */
export function devText({ step, wer, loss }: DevRecord): string {
  const losses = loss ? `   CTC at depth ${perDepth(loss, formatNumber)}` : "";
  return `dev WER at depth ${perDepth(wer, (rate) => formatPercent(rate))}${losses}   (step ${formatCount(step)})`;
}

/**
 * Estimates the remaining time from the last steps, at most `window` of them: a run that was resumed, or whose machine
 * has slowed down, is judged by its current speed.
 */
export class RemainingTime {
  readonly #seen: { step: number; at: number }[] = [];
  readonly #total: number;
  readonly #window: number;

  constructor(total: number, window = 30) {
    this.#total = total;
    this.#window = window;
  }

  /** Seconds left after `step` finished at `at` (seconds on any clock); NaN before the second call. */
  after(step: number, at: number): number {
    this.#seen.push({ step, at });
    if (this.#seen.length > this.#window) this.#seen.shift();
    const first = this.#seen[0]!;
    return step === first.step ? NaN : ((this.#total - step) * (at - first.at)) / (step - first.step);
  }
}
