import { Option, type Command } from "commander";
import { UserError } from "../../engine/errors.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import { decoderSearchDefaults } from "../../model/decode/search.ts";
import type { DecoderSearch } from "../../recognition/decoder_search.ts";
import type { TrainConfig } from "../../config/config.ts";
import { describeDecoding, trainingDecoding } from "../../recognition/evaluation/decoding_text.ts";
import type { DecodingSettings } from "../../recognition/evaluation/evaluate_manifest.ts";
import { parseBeam } from "./depths.ts";

export interface DecodingOptions {
  beam?: string;
  lm?: string;
  lmWeight?: string;
  lmBonus?: string;
  lmLevel?: "word" | "character";
}

/** Adds `--beam` and `--lm...`, for every verb that recognises. */
export function addDecodingOptions(command: Command): Command {
  return command
    .option("--beam <width>", "width of a CTC prefix beam search instead of greedy decoding, or of another --search")
    .option("--lm <file>", "n-gram language model (ARPA, may be gzipped) to use in the beam search")
    .option("--lm-weight <number>", "weight of its log-probabilities (default: 0.5)")
    .option("--lm-bonus <number>", "added for each word, or character (default: 0)")
    .addOption(
      new Option("--lm-level <level>", "whether its n-grams are over words or output units (default: word)").choices([
        "word",
        "character",
      ]),
    );
}

export interface DecoderOptions {
  search?: "ctc" | DecoderSearch["kind"];
  ctcWeight?: string;
  lengthBonus?: string;
}

/** Adds `--search` and its numbers, for verbs that can use a model's decoder. */
export function addDecoderOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--search <kind>",
        "how a model's attention decoder takes part: joint, token by token with CTC; attention, alone; rescore, on what CTC's beam search finds; ctc, not at all (default)",
      ).choices(["joint", "attention", "rescore", "ctc"]),
    )
    .option("--ctc-weight <share>", "share of CTC in the scores of joint and rescore (default: 0.3)")
    .option("--length-bonus <number>", "added for each token in joint and attention (default: 0)");
}

/** Parses both sets of options. Throws UserError as `parseDecoding` does. */
export function parseDecoderSearch(options: DecodingOptions & DecoderOptions): DecodingSettings {
  const { search: kind = "ctc", ctcWeight, lengthBonus } = options;
  const belongs = (option: string, value: string | undefined, kinds: readonly string[]): void => {
    if (value !== undefined && !kinds.includes(kind))
      throw new UserError(`${option} belongs to --search ${kinds.join(" or ")}, but the search is ${kind}`);
  };
  belongs("--ctc-weight", ctcWeight, ["joint", "rescore"]);
  belongs("--length-bonus", lengthBonus, ["joint", "attention"]);
  if (kind === "ctc") return parseDecoding(options);
  const usual = decoderSearchDefaults;
  const weight = ctcWeight === undefined ? usual.ctcWeight : parseNumber("--ctc-weight", ctcWeight);
  if (weight < 0 || weight > 1) throw new UserError(`--ctc-weight: expected a number from 0 to 1, got '${ctcWeight}'`);
  return {
    ...parseDecoding({ ...options, beam: options.beam ?? String(usual.beam) }),
    decoding: {
      kind,
      ctcWeight: weight,
      lengthBonus: lengthBonus === undefined ? usual.lengthBonus : parseNumber("--length-bonus", lengthBonus),
    },
  };
}

/** Parses these options. Throws UserError for invalid numbers, and if an option lacks another that it needs. */
export function parseDecoding({ beam: width, lm, lmWeight, lmBonus, lmLevel }: DecodingOptions): DecodingSettings {
  const beam = parseBeam(width) ?? null;
  if (lm === undefined) {
    const given = Object.entries({ "--lm-weight": lmWeight, "--lm-bonus": lmBonus, "--lm-level": lmLevel }).find(
      ([, value]) => value !== undefined,
    );
    if (given) throw new UserError(`${given[0]} needs --lm, the file of the language model`);
    return { beam, lm: null };
  }
  if (beam === null)
    throw new UserError("--lm needs --beam, the width of the search that uses the language model, such as 16");
  const weight = parseNumber("--lm-weight", lmWeight ?? "0.5");
  if (weight < 0) throw new UserError(`--lm-weight: expected a number, 0 or more, got '${lmWeight}'`);
  return { beam, lm: { arpa: lm, weight, bonus: parseNumber("--lm-bonus", lmBonus ?? "0"), level: lmLevel ?? "word" } };
}

/** Says on stderr how texts were decoded, and how to decode as training did if that was otherwise. */
export function printDecoding(settings: DecodingSettings, configs: readonly TrainConfig[]): void {
  const hint = trainingDecoding(settings, configs);
  process.stderr.write(`${describeDecoding(settings)}\n${hint === null ? "" : `${hint}\n`}`);
}

/** Says on stderr that a model has a decoder, if the search did not use it. */
export function hintDecoder({ decoder }: Pick<CtcModel, "decoder">, { decoding }: DecodingSettings): void {
  if (decoder && !decoding)
    process.stderr.write("hint: this model has an attention decoder as well; --search joint uses it\n");
}

function parseNumber(option: string, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new UserError(`${option}: expected a number, got '${text}'`);
  return value;
}
