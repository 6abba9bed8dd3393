import { basename } from "node:path";
import type { TrainConfig } from "../../config/config.ts";
import type { DecodingSettings } from "./evaluate_manifest.ts";

/** `greedy decoding`, or `prefix beam search of width 16 with words.arpa (weight 0.5, bonus 0, words)`. */
export function describeDecoding({ beam, lm }: DecodingSettings): string {
  if (beam === null) return "greedy decoding";
  const search = `prefix beam search of width ${beam}`;
  return lm === null
    ? search
    : `${search} with ${basename(lm.arpa)} (weight ${lm.weight}, bonus ${lm.bonus}, ${lm.level}s)`;
}

/**
 * A hint that the tables of training are not to be compared with greedy results, since they were decoded with what a config's
 * section `eval` says: in one line, with the options that decode so; null where a search was asked for, or no config has one.
 *
 * @param configs of the checkpoints that were evaluated
 */
export function trainingDecoding(
  { beam, lm }: DecodingSettings,
  configs: readonly Pick<TrainConfig, "eval">[],
): string | null {
  const used = configs.map((config) => config.eval).find((settings) => settings.beam !== null);
  if (beam !== null || lm !== null || used === undefined) return null;
  return `hint: training's own table used ${describeDecoding(used)}: ${optionsOf(used)} decodes in the same way`;
}

function optionsOf({ beam, lm }: DecodingSettings): string {
  const words = ["--beam", beam];
  if (lm) words.push("--lm", lm.arpa, "--lm-weight", lm.weight, "--lm-bonus", lm.bonus, "--lm-level", lm.level);
  return words.join(" ");
}
