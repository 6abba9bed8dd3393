import { Option, type Command } from "commander";
import { UserError } from "../../engine/errors.ts";
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
    .option("--beam <width>", "CTC prefix beam search of this width instead of greedy decoding")
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

function parseNumber(option: string, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new UserError(`${option}: expected a number, got '${text}'`);
  return value;
}
