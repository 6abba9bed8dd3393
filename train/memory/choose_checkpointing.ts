import type { TrainConfig } from "../../config/config.ts";
import { formatBytes } from "../../data/text/number_format.ts";
import type { MemoryLimit } from "./memory_limit.ts";

/** What keeping all activations may take of the available memory: the rest is for what else the machine does meanwhile. */
const SHARE = 0.5;

/**
 * Decides `unfold.checkpointing` where a config leaves it to the plan.
 *
 * @param planned the bytes of the largest step of a config; infinite if it does not fit the device at all
 * @returns       the config with the decision, and a message if activations are recomputed
 */
export function chooseCheckpointing(
  config: TrainConfig,
  limit: MemoryLimit | null,
  planned: (config: TrainConfig) => number,
): { config: TrainConfig; message: string | undefined } {
  if (config.unfold.checkpointing !== "auto") return { config, message: undefined };
  const keeping = withCheckpointing(config, false);
  const bytes = planned(keeping);
  if (limit && bytes <= SHARE * limit.bytes) return { config: keeping, message: undefined };
  const needs = bytes === Infinity ? "does not fit the device" : `would take ${formatBytes(bytes)}${outOf(limit)}`;
  return {
    config: withCheckpointing(config, true),
    message: `activations are recomputed (unfold.checkpointing), since keeping them ${needs}`,
  };
}

const outOf = (limit: MemoryLimit | null): string =>
  limit ? ` of ${formatBytes(limit.bytes)}` : ", and how much there is is not known";

export const withCheckpointing = (config: TrainConfig, checkpointing: boolean): TrainConfig => ({
  ...config,
  unfold: { ...config.unfold, checkpointing },
});

/** A config with the decision of an earlier run that is continued, so that both compute the same to the bit. */
export const continuedCheckpointing = (config: TrainConfig, earlier: TrainConfig): TrainConfig =>
  config.unfold.checkpointing === "auto"
    ? { ...config, unfold: { ...config.unfold, checkpointing: earlier.unfold.checkpointing } }
    : config;
