import { basename } from "node:path";
import type { TrainConfig } from "../../config/config.ts";
import { configuredSearch, type DecoderSearch } from "../decoder_search.ts";
import { inputName, STDIN } from "../../data/files/input.ts";
import { isCheckpoint } from "../language_model.ts";
import type { DecodingSettings } from "./evaluate_manifest.ts";

/** `greedy decoding`, or `prefix beam search of width 16 with words.arpa (weight 0.5, bonus 0, words)`. */
export function describeDecoding({ beam, lm, decoding }: DecodingSettings): string {
  if (beam === null) return "greedy decoding";
  const search = decoding ? describeDecoder(decoding, beam) : `prefix beam search of width ${beam}`;
  return lm === null
    ? search
    : `${search} with ${lm.arpa === STDIN ? inputName(lm.arpa) : basename(lm.arpa)} (weight ${lm.weight}, bonus ${lm.bonus}, ${isCheckpoint(lm.arpa) ? "unit" : lm.level}s)`;
}

function describeDecoder({ kind, ctcWeight, lengthBonus }: DecoderSearch, beam: number): string {
  const bonus = lengthBonus === 0 ? "" : `, length bonus ${lengthBonus}`;
  if (kind === "attention") return `attention search of width ${beam}${bonus}`;
  if (kind === "rescore")
    return `prefix beam search of width ${beam}, rescored by the decoder (CTC weight ${ctcWeight})`;
  return `joint CTC/attention search of width ${beam} (CTC weight ${ctcWeight}${bonus})`;
}

/**
 * A one-line hint that the tables printed during training, decoded as the config section `eval` says, are not
 * comparable with greedy results, with the options that decode the same way; null if a search was requested, or no
 * config has one.
 *
 * @param configs configs of the evaluated checkpoints
 */
export function trainingDecoding(
  { beam, lm }: DecodingSettings,
  configs: readonly Pick<TrainConfig, "eval">[],
): string | null {
  const used = configs
    .map(({ eval: evaluation }) => ({ ...evaluation, decoding: configuredSearch(evaluation) }))
    .find((settings) => settings.beam !== null);
  if (beam !== null || lm !== null || used === undefined) return null;
  return `hint: training's own table used ${describeDecoding(used)}: ${optionsOf(used)} decodes the same way`;
}

function optionsOf({ beam, lm, decoding }: DecodingSettings): string {
  const words = [...(decoding ? decoderOptions(decoding) : []), "--beam", beam];
  if (lm) words.push("--lm", lm.arpa, "--lm-weight", lm.weight, "--lm-bonus", lm.bonus);
  if (lm && !isCheckpoint(lm.arpa)) words.push("--lm-level", lm.level);
  return words.join(" ");
}

const decoderOptions = ({ kind, ctcWeight, lengthBonus }: DecoderSearch): (string | number)[] => [
  "--search",
  kind,
  ...(kind === "attention" ? [] : ["--ctc-weight", ctcWeight]),
  ...(lengthBonus === 0 ? [] : ["--length-bonus", lengthBonus]),
];
