import type { Device } from "../../engine/device.ts";
import { hasDecoder, modelFrames } from "../../config/model_config.ts";
import type { TrainConfig } from "../../config/config.ts";
import { withCheckpointing } from "./choose_checkpointing.ts";
import { largestBatch, type BatchMember } from "./largest_batch.ts";
import { totalBytes } from "./unless_too_large.ts";
import { planStep } from "./memory_plan.ts";
import { planEvaluation, type BatchShape } from "../../recognition/memory.ts";
import { formatBytes } from "../../data/text/number_format.ts";

/**
 * What to change so that training fits into `limit` bytes, found by planning the changed steps: "batch.frames=6400 (...)
 * or unfold.checkpointing=true (5.20 GiB)". Each change alone is enough; if none is, suggests all of them together.
 * Undefined if that is not enough either.
 */
export function memoryAdvice(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  utterances: readonly BatchMember[],
  limit: number,
): string | undefined {
  const { stride } = modelFrames(config);
  const decoder = hasDecoder(config);
  const needs = (changed: TrainConfig): number =>
    totalBytes(() =>
      planStep(device, changed, vocabulary, largestBatch(utterances, changed.batch, stride, { decoder })),
    );
  const smaller = (changed: TrainConfig): string | undefined =>
    smallerBatch(changed, utterances, (tried) => needs(tried) <= limit);

  const switches = [
    ...(config.unfold.checkpointing === true
      ? []
      : [{ text: "unfold.checkpointing=true", apply: (changed: TrainConfig) => withCheckpointing(changed, true) }]),
    ...(config.precision === "f16" || !device.features.has("shader-f16")
      ? []
      : [{ text: "precision=f16", apply: withHalves }]),
  ].map((way) => ({ ...way, bytes: needs(way.apply(config)) }));
  const alone = switches
    .filter(({ bytes }) => bytes <= limit)
    .map(({ text, bytes }) => `${text} (${formatBytes(bytes)})`);
  const ways = [smaller(config), ...alone].filter((way) => way !== undefined);
  if (ways.length > 0) return ways.join(" or ");

  const all = switches.reduce((changed, { apply }) => apply(changed), config);
  const names = switches.map(({ text }) => text);
  if (needs(all) <= limit) return `${names.join(" and ")} (${formatBytes(needs(all))})`;
  const batch = names.length > 0 ? smaller(all) : undefined;
  return batch === undefined ? undefined : [...names, batch].join(" and ");
}

const withHalves = (config: TrainConfig): TrainConfig => ({ ...config, precision: "f16" });

/**
 * The largest evaluation batch size that fits between training steps: "eval.batch_size=4". Undefined if not even one
 * utterance fits.
 */
export function evaluationAdvice(
  device: Device,
  config: TrainConfig,
  vocabulary: number,
  largest: BatchShape,
  limit: number,
): string | undefined {
  const fits = (size: number): boolean =>
    totalBytes(() => planEvaluation(device, config, vocabulary, { ...largest, size })) <= limit;
  return fits(1) ? `eval.batch_size=${mostThatFits(1, largest.size, 1, fits)}` : undefined;
}

/** The largest batch limit that fits, by bisection, with the gradient accumulation that keeps the amount of data per step. */
function smallerBatch(
  config: TrainConfig,
  utterances: readonly BatchMember[],
  fits: (config: TrainConfig) => boolean,
): string | undefined {
  const key = config.batch.frames === null ? "size" : "frames";
  const { size, frames } = largestBatch(utterances, config.batch, modelFrames(config).stride);
  const now = key === "size" ? size : size * frames;
  const limited = (value: number): TrainConfig => ({ ...config, batch: { ...config.batch, [key]: value } });
  const lowest = key === "size" ? 1 : utterances.reduce((longest, { frames }) => Math.max(longest, frames), 1); // below, nothing changes
  if (lowest >= now || !fits(limited(lowest))) return undefined;
  const fitting = mostThatFits(lowest, now, key === "size" ? 1 : Math.max(1, lowest / 20), (value) =>
    fits(limited(value)),
  );
  const rounded = key === "size" ? fitting : Math.max(lowest, twoDigits(fitting));
  const value = fits(limited(rounded)) ? rounded : fitting;
  return `batch.${key}=${value} (with batch.accumulate=${Math.ceil((config.batch.accumulate * now) / value)} for as much data per step)`;
}

/** Bisects between a number that fits and one that does not, until they are at most `precision` apart. */
function mostThatFits(fitting: number, tooMuch: number, precision: number, fits: (value: number) => boolean): number {
  while (tooMuch - fitting > precision) {
    const middle = Math.floor((fitting + tooMuch) / 2);
    if (fits(middle)) fitting = middle;
    else tooMuch = middle;
  }
  return fitting;
}

/** Rounds down to two significant digits: 6431 -> 6400. */
function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}
