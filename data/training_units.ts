import { UserError } from "../engine/errors.ts";
import { CharacterUnits } from "../model/units/characters.ts";
import { unitsDifference, unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Origin } from "../config/origin.ts";
import { readTokenizer } from "./tokenizer/tokenizer_file.ts";
import { readVocabulary } from "./tokenizer/vocabulary_file.ts";

/**
 * The output units of a run: the characters of its training texts, or the units of the config's tokenizer or
 * vocabulary; if it names none, those of the checkpoint that it starts from, provided that characters cover all texts;
 * when resuming, those of the checkpoint.
 *
 * @param origin the checkpoint that the run starts or resumes from, if any
 * @throws UserError if the file cannot be used, or differs from the checkpoint's, naming the first difference
 */
export function trainingUnits(
  { units: { kind, tokenizer, vocabulary } }: Pick<TrainConfig, "units">,
  texts: readonly string[],
  origin: Pick<Origin, "path" | "units" | "resumed"> | undefined,
): Units {
  const given =
    tokenizer !== null ? readTokenizer(tokenizer) : vocabulary !== null ? readVocabulary(vocabulary) : undefined;
  if (origin?.resumed) {
    const units = unitsFromJSON(origin.units, origin.path);
    const difference = given && unitsDifference(units, given);
    if (difference == null) return units;
    throw new UserError(
      `${tokenizer ?? vocabulary} is not the ${kind === "bpe" ? "tokenizer" : "vocabulary"} that ${origin.path} was trained with: ${difference}`,
    );
  }
  if (given) return given;
  const inherited = origin?.units == null ? null : unitsFromJSON(origin.units, origin.path);
  if (kind === "characters")
    return inherited?.kind === kind && texts.every((text) => inherited.unknownIn(text).length === 0)
      ? inherited
      : CharacterUnits.fromTexts(texts);
  if (inherited?.kind === kind) return inherited;
  const file =
    kind === "bpe" ? { key: "tokenizer", name: "a tokenizer.json" } : { key: "vocabulary", name: "a vocab.json" };
  throw new UserError(
    `units.kind ${kind} needs units.${file.key}, the path of ${file.name}${origin ? `, since ${origin.path} has no units of that kind` : ""}`,
  );
}
