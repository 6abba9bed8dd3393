import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import type { TrainConfig } from "./config.ts";
import { largestBatch, type BatchMember } from "./largest_batch.ts";
import { planStep } from "./memory_plan.ts";
import { formatBytes } from "./number_format.ts";

/**
 * What to change so that training fits into `limit` bytes, found by planning the changed steps: "batch.frames=6400 (...) or
 * unfold.checkpointing=true (5.20 GiB)". Each way alone suffices; where none does, all of them together. Undefined where
 * that is not enough either.
 */
export function memoryAdvice(device: Device, config: TrainConfig, vocabulary: number, utterances: readonly BatchMember[], limit: number): string | undefined {
  const needs = (changed: TrainConfig): number => reservedBytes(device, changed, vocabulary, utterances);
  const smaller = (changed: TrainConfig): string | undefined => smallerBatch(changed, utterances, (tried) => needs(tried) <= limit);

  const switches = [
    ...(config.unfold.checkpointing ? [] : [{ text: "unfold.checkpointing=true", apply: withCheckpointing }]),
    ...(config.precision === "f16" || !device.features.has("shader-f16") ? [] : [{ text: "precision=f16", apply: withHalves }]),
  ].map((way) => ({ ...way, bytes: needs(way.apply(config)) }));
  const alone = switches.filter(({ bytes }) => bytes <= limit).map(({ text, bytes }) => `${text} (${formatBytes(bytes)})`);
  const ways = [smaller(config), ...alone].filter((way) => way !== undefined);
  if (ways.length > 0) return ways.join(" or ");

  const all = switches.reduce((changed, { apply }) => apply(changed), config);
  const names = switches.map(({ text }) => text);
  if (needs(all) <= limit) return `${names.join(" and ")} (${formatBytes(needs(all))})`;
  const batch = names.length > 0 ? smaller(all) : undefined;
  return batch === undefined ? undefined : [...names, batch].join(" and ");
}

const withCheckpointing = (config: TrainConfig): TrainConfig => ({ ...config, unfold: { ...config.unfold, checkpointing: true } });
const withHalves = (config: TrainConfig): TrainConfig => ({ ...config, precision: "f16" });

/** Infinite where a tensor is larger than any of the device's buffers. */
function reservedBytes(device: Device, config: TrainConfig, vocabulary: number, utterances: readonly BatchMember[]): number {
  try {
    return planStep(device, config, vocabulary, largestBatch(utterances, config.batch)).reservedBytes;
  } catch (error) {
    if (error instanceof RunError) return Infinity;
    throw error;
  }
}

/** The largest limit of a batch that fits, by bisection, with the accumulation that keeps the step as large. */
function smallerBatch(config: TrainConfig, utterances: readonly BatchMember[], fits: (config: TrainConfig) => boolean): string | undefined {
  const key = config.batch.frames === null ? "size" : "frames";
  const { size, frames } = largestBatch(utterances, config.batch);
  const now = key === "size" ? size : size * frames;
  const limited = (value: number): TrainConfig => ({ ...config, batch: { ...config.batch, [key]: value } });
  const lowest = key === "size" ? 1 : Math.max(...utterances.map((utterance) => utterance.frames)); // below, nothing changes
  if (lowest >= now || !fits(limited(lowest))) return undefined;
  let [fitting, tooMuch] = [lowest, now];
  while (tooMuch - fitting > Math.max(1, key === "size" ? 1 : fitting / 50)) {
    const middle = Math.floor((fitting + tooMuch) / 2);
    if (fits(limited(middle))) fitting = middle;
    else tooMuch = middle;
  }
  const rounded = key === "size" ? fitting : Math.max(lowest, twoDigits(fitting));
  const value = fits(limited(rounded)) ? rounded : fitting;
  return `batch.${key}=${value} (with batch.accumulate=${Math.ceil((config.batch.accumulate * now) / value)} for a step of as much data)`;
}

/** Rounded down to a number that a person would choose: 6431 -> 6400. */
function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}
