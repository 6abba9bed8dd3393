/**
 * Shallow fusion (Gülçehre et al. 2015, "On using monolingual corpora in neural machine translation"; for CTC, Hannun et al.
 * 2014): the prefix beam search ranks labellings by
 *
 *     log p_ctc(labels) + weight · log p_lm(text) + bonus · (number of words or characters)
 *
 * The added terms depend only on the labels, so they do not interact with the sums over paths. The bonus compensates for a language
 * model's preference for short texts.
 */
import { UserError } from "../../engine/errors.ts";
import type { Units } from "../units/units.ts";
import type { NgramModel } from "./ngram_model.ts";

/** The language model's state for a prefix. */
export interface FusedPrefix {
  /** Unweighted log p_lm of the complete words or characters. */
  readonly lm: number;
  /** Number of complete words or characters. */
  readonly count: number;
  /** The fusion score, added in the ranking: weight · lm + bonus · count. */
  readonly score: number;
}

/** An n-gram model's state. */
interface NgramPrefix extends FusedPrefix {
  /** The language model's context after them. */
  readonly context: number;
  /** Letters of an incomplete word. */
  readonly partial: string;
}

/** How a language model takes part in a search. */
export interface Fusion {
  /** The state of the empty prefix. */
  readonly begin: FusedPrefix;
  /** Upper bound on what one more label adds to a prefix's score. */
  readonly maxGain: number;
  /** The prefix with one more label. */
  extend(prefix: FusedPrefix, label: number): FusedPrefix;
  /** The prefix as a whole text: completes its last word and ends the sentence. */
  end(prefix: FusedPrefix): FusedPrefix;
}

export interface FusionWeights {
  /** Factor of the language model's natural logarithms; 0 or more. */
  readonly weight: number;
  /** Added per complete word, or per character. */
  readonly bonus: number;
}

/**
 * Scores each word once it is complete, at the following space or at the end, so that no partial word counts as unknown.
 *
 * @throws UserError if the units can spell none of the model's words, for example because only one of the two is in capitals: all
 *   words would be unknown
 */
export function wordFusion(model: NgramModel, units: Units, weights: FusionWeights): Fusion {
  expectSpellable(model, units);
  const pieces = piecesOf(units);
  const complete = (prefix: NgramPrefix): NgramPrefix =>
    prefix.partial === ""
      ? prefix
      : { ...advance(prefix, model, model.id(prefix.partial.normalize("NFC")), weights), partial: "" };
  return {
    begin: beginning(model),
    maxGain: Math.max(0, weights.bonus) * Math.max(...pieces.map((text) => text.split(" ").length - 1)),
    extend(prefix: NgramPrefix, label) {
      const [first, ...others] = (pieces[label] as string).split(" ") as [string, ...string[]];
      let following = { ...prefix, partial: prefix.partial + first };
      for (const letters of others) following = { ...complete(following), partial: letters };
      return following;
    },
    end: (prefix: NgramPrefix) => ended(complete(prefix), model, weights),
  };
}

/** Words that represent no text. */
const MARKERS = ["<s>", "</s>", "<unk>", "<UNK>"];

/** The share of a model's words that the units can spell, and the first that they cannot. */
export function spellable(model: NgramModel, units: Units): { share: number; example: string | undefined } {
  let [words, spelled] = [0, 0];
  let example: string | undefined;
  for (const word of model.words()) {
    if (MARKERS.includes(word)) continue;
    words++;
    if (units.unknownIn(word).length === 0) spelled++;
    else example ??= word;
  }
  return { share: spelled / words, example };
}

function expectSpellable(model: NgramModel, units: Units): void {
  const { share, example } = spellable(model, units);
  if (share > 0) return;
  const such = example === undefined ? "" : `, such as '${example}'`;
  throw new UserError(
    `${model.source} does not fit this checkpoint: the checkpoint's ${nameOf(units)} spell none of the language model's words${such}`,
  );
}

const nameOf = ({ kind }: Units): string => (kind === "bpe" ? "subwords" : "characters");

/** Spellings of the space in ARPA files, where a space cannot be a word. */
const SPACES = ["<space>", "|", "▁", "_"];

/**
 * Scores every label immediately. The model's "words" are the units' texts: characters or subwords, with `<space>`, `|`, `▁` or
 * `_` in place of a space.
 *
 * @throws UserError naming the labels that the model does not have
 */
export function characterFusion(model: NgramModel, units: Units, weights: FusionWeights): Fusion {
  const pieces = piecesOf(units);
  const spellings = pieces.map((text) =>
    SPACES.map((space) => text.replaceAll(" ", space).normalize("NFC")).find((word) => model.has(word)),
  );
  const missing = pieces.filter((text, label) => text !== "" && spellings[label] === undefined);
  if (missing.length > 0) {
    const named = missing
      .slice(0, 10)
      .map((text) => `'${text}'`)
      .join(", ");
    const rest = missing.length > 10 ? ` and ${missing.length - 10} more` : "";
    throw new UserError(
      `${model.source} is not a language model over the checkpoint's ${nameOf(units)}: it lacks ${named}${rest}`,
    );
  }
  const ids = spellings.map((spelling) => model.id(spelling ?? "<unk>"));
  return {
    begin: beginning(model),
    maxGain: Math.max(0, weights.bonus),
    extend: (prefix: NgramPrefix, label) => advance(prefix, model, ids[label], weights),
    end: (prefix: NgramPrefix) => ended(prefix, model, weights),
  };
}

/** The text of each class; empty for the blank. */
const piecesOf = (units: Units): string[] =>
  Array.from({ length: units.size }, (_, label) => (label === units.blank ? "" : units.piece(label).text));

const beginning = (model: NgramModel): NgramPrefix => ({
  lm: 0,
  count: 0,
  score: 0,
  context: model.begin,
  partial: "",
});

function advance(
  prefix: NgramPrefix,
  model: NgramModel,
  word: number | undefined,
  { weight, bonus }: FusionWeights,
): NgramPrefix {
  const { logProb, context } = model.step(prefix.context, word);
  const [lm, count] = [prefix.lm + logProb, prefix.count + 1];
  return { lm, count, score: weight * lm + bonus * count, context, partial: prefix.partial };
}

function ended(prefix: NgramPrefix, model: NgramModel, { weight, bonus }: FusionWeights): NgramPrefix {
  const lm = prefix.lm + model.end(prefix.context);
  return { ...prefix, lm, score: weight * lm + bonus * prefix.count };
}
