import { UserError } from "../../engine/errors.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { unitsDifference } from "../../model/units/difference.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import { loadState, type Checkpoint } from "../checkpoint.ts";
import type { TrainConfig } from "../config.ts";
import { readTokenizer } from "../tokenizer/tokenizer_file.ts";
import { readVocabulary } from "../tokenizer/vocabulary_file.ts";

/**
 * The output units of a run: the characters of its training texts, or those of the config's tokenizer or vocabulary; where it
 * names none, those of the checkpoint that it starts from, if characters spell all texts; those of the checkpoint when resuming.
 *
 * @throws UserError if the file cannot be used, or is another one than the checkpoint's, with the first difference
 */
export function trainingUnits(
  { init, units: { kind, tokenizer, vocabulary } }: TrainConfig,
  texts: readonly string[],
  resumed: Checkpoint | undefined,
): Units {
  const given =
    tokenizer !== null ? readTokenizer(tokenizer) : vocabulary !== null ? readVocabulary(vocabulary) : undefined;
  if (resumed) {
    const units = unitsFromJSON(resumed.state.units, resumed.path);
    const difference = given && unitsDifference(units, given);
    if (difference == null) return units;
    throw new UserError(
      `${tokenizer ?? vocabulary} is another ${kind === "bpe" ? "tokenizer" : "vocabulary"} than the one that ${resumed.path} was trained with: ${difference}`,
    );
  }
  if (given) return given;
  const inherited = init === null ? null : unitsOf(init);
  if (kind === "characters")
    return inherited?.kind === kind && texts.every((text) => inherited.unknownIn(text).length === 0)
      ? inherited
      : CharacterUnits.fromTexts(texts);
  if (inherited?.kind === kind) return inherited;
  const file =
    kind === "bpe" ? { key: "tokenizer", name: "a tokenizer.json" } : { key: "vocabulary", name: "a vocab.json" };
  throw new UserError(
    `units.${file.key} is needed by kind ${kind}: the path of ${file.name}${init === null ? "" : `, since ${init} has no units of that kind`}`,
  );
}

/** The units of a checkpoint, null where it has no output layer. */
function unitsOf(path: string): Units | null {
  const { units } = loadState(path);
  return units === null ? null : unitsFromJSON(units, path);
}
