import type { AnyDev, AnyStep } from "./display.ts";
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

/** The losses of a step: the joint loss and its parts, or a language model's. */
export function lossText(record: AnyStep): string {
  if (record.type === "lm_step")
    return `loss ${formatNumber(record.loss)}   perplexity ${formatNumber(Math.exp(record.loss))}`;
  const { loss, ctc, attention, kl } = record;
  return `loss ${formatNumber(loss)}   CTC at depth ${perDepth(ctc, formatNumber)}${attention ? `   attention ${perDepth(attention, formatNumber)}` : ""}   KL ${formatNumber(kl)}`;
}

/** How the optimizer and the machine are doing. */
export function speedText(record: AnyStep): string {
  const { learningRate, gradNorm, dataWaitShare, gpuBytes } = record;
  const skipped = record.type === "step" ? record.skipped : 0;
  const left = skipped > 0 ? `   ${formatCount(skipped)} utterances skipped` : "";
  return (
    `learning rate ${learningRate.toExponential(2)}   gradient norm ${formatNumber(gradNorm)}   ${rateText(record)}   ` +
    `waiting for data ${formatPercent(dataWaitShare, 0)}   ${ranksText(record)}GPU memory ${formatBytes(gpuBytes)}${left}`
  );
}

/** How much of the time several processes that train together spend on each other. */
const ranksText = ({ ranks, communicationShare = 0, rankWaitShare = 0 }: AnyStep): string =>
  ranks === undefined
    ? ""
    : `${ranks} ranks: communication ${formatPercent(communicationShare, 0)}, waiting for the slowest ${formatPercent(rankWaitShare, 0)}   `;

function rateText(record: AnyStep): string {
  if (record.type === "lm_step") return `${formatCount(record.tokensPerSecond)} units/s`;
  const { framesPerSecond, audioPerSecond } = record;
  return audioPerSecond === undefined
    ? `${formatCount(framesPerSecond)} frames/s`
    : `${formatNumber(audioPerSecond)} s of audio/s`;
}

/** Word error rates and CTC losses on dev, or a language model's perplexity. */
export function devText(record: AnyDev): string {
  if (record.type === "lm_dev")
    return `dev perplexity ${formatNumber(record.perplexity)} per unit, ${formatNumber(record.wordPerplexity)} per word   (step ${formatCount(record.step)})`;
  const { step, wer, loss } = record;
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
