/**
 * Shallow fusion (Gülçehre et al. 2015, "On using monolingual corpora in neural machine translation"; for CTC, Hannun et al.
 * 2014): a prefix search ranks labellings by
 *
 *     log p_ctc(labels) + weight · log p_lm(text) + bonus · (number of words or characters)
 *
 * What is added is a function of the labels alone, so it never mixes with the sums over paths. The bonus makes up for a
 * language model's liking of short texts.
 */
import { UserError } from "../../engine/errors.ts";
import type { Units } from "../units/units.ts";
import type { NgramModel } from "./ngram_model.ts";

/** What the language model says of a prefix. */
export interface FusedPrefix {
  /** log p_lm of the words or characters that are complete, not weighted. */
  readonly lm: number;
  /** How many they are. */
  readonly count: number;
  /** What the prefix gains in the ranking: weight · lm + bonus · count. */
  readonly score: number;
  /** The language model's context after them. */
  readonly context: number;
  /** Letters of a word that is not complete. */
  readonly partial: string;
}

/** How a language model takes part in a search. */
export interface Fusion {
  /** Of the prefix without labels. */
  readonly begin: FusedPrefix;
  /** The most that one more label can add to a prefix's score. */
  readonly mostGained: number;
  /** The prefix with one more label. */
  extend(prefix: FusedPrefix, label: number): FusedPrefix;
  /** The prefix as a whole text: its last word is complete, and the sentence ends. */
  end(prefix: FusedPrefix): FusedPrefix;
}

export interface FusionWeights {
  /** Times the language model's natural logarithms; 0 or more. */
  readonly weight: number;
  /** Added for each complete word, or for each character. */
  readonly bonus: number;
}

/**
 * Scores a word when it is complete, at the space after it or at the end, so that no part of a word counts as unknown.
 *
 * @throws UserError if the units can spell none of the model's words, as where one of them is in capitals: all would be unknown
 */
export function wordFusion(model: NgramModel, units: Units, weights: FusionWeights): Fusion {
  expectSpellable(model, units);
  const pieces = piecesOf(units);
  const complete = (prefix: FusedPrefix): FusedPrefix =>
    prefix.partial === "" ? prefix : { ...advance(prefix, model, prefix.partial, weights), partial: "" };
  return {
    begin: beginning(model),
    mostGained: Math.max(0, weights.bonus) * Math.max(...pieces.map((text) => text.split(" ").length - 1)),
    extend(prefix, label) {
      const [first, ...others] = (pieces[label] as string).split(" ") as [string, ...string[]];
      let following = { ...prefix, partial: prefix.partial + first };
      for (const letters of others) following = { ...complete(following), partial: letters };
      return following;
    },
    end: (prefix) => ended(complete(prefix), model, weights),
  };
}

/** Words that stand for no text. */
const MARKERS = ["<s>", "</s>", "<unk>", "<UNK>"];

function expectSpellable(model: NgramModel, units: Units): void {
  let example: string | undefined;
  for (const word of model.words()) {
    if (MARKERS.includes(word)) continue;
    if (units.unknownIn(word).length === 0) return;
    example ??= word;
  }
  const such = example === undefined ? "" : `, such as '${example}'`;
  throw new UserError(
    `${model.source} is no language model for this checkpoint: its ${nameOf(units)} spell none of the model's words${such}`,
  );
}

const nameOf = ({ kind }: Units): string => (kind === "bpe" ? "subwords" : "characters");

/** What files have for the space, which cannot be a word of theirs. */
const SPACES = ["<space>", "|", "▁", "_"];

/**
 * Scores every label as it comes. The model's "words" are the units' texts: characters, with `<space>`, `|`, `▁` or `_`
 * for the space; or subwords, with the same in place of the space in them.
 *
 * @throws UserError naming the labels that the model does not have
 */
export function characterFusion(model: NgramModel, units: Units, weights: FusionWeights): Fusion {
  const pieces = piecesOf(units);
  const spellings = pieces.map((text) =>
    SPACES.map((space) => text.replaceAll(" ", space)).find((word) => model.has(word)),
  );
  const missing = pieces.filter((text, label) => text !== "" && spellings[label] === undefined);
  if (missing.length > 0) {
    const named = missing
      .slice(0, 10)
      .map((text) => `'${text}'`)
      .join(", ");
    const rest = missing.length > 10 ? ` and ${missing.length - 10} more` : "";
    throw new UserError(
      `${model.source} is no language model of the checkpoint's ${nameOf(units)}: it does not have ${named}${rest}`,
    );
  }
  return {
    begin: beginning(model),
    mostGained: Math.max(0, weights.bonus),
    extend: (prefix, label) => advance(prefix, model, spellings[label] ?? "<unk>", weights),
    end: (prefix) => ended(prefix, model, weights),
  };
}

/** Texts by class; that of the blank is empty. */
const piecesOf = (units: Units): string[] =>
  Array.from({ length: units.size }, (_, label) => (label === units.blank ? "" : units.piece(label).text));

const beginning = (model: NgramModel): FusedPrefix => ({
  lm: 0,
  count: 0,
  score: 0,
  context: model.begin,
  partial: "",
});

function advance(prefix: FusedPrefix, model: NgramModel, word: string, { weight, bonus }: FusionWeights): FusedPrefix {
  const { logProb, context } = model.next(prefix.context, word);
  const [lm, count] = [prefix.lm + logProb, prefix.count + 1];
  return { lm, count, score: weight * lm + bonus * count, context, partial: prefix.partial };
}

function ended(prefix: FusedPrefix, model: NgramModel, { weight, bonus }: FusionWeights): FusedPrefix {
  const lm = prefix.lm + model.end(prefix.context);
  return { ...prefix, lm, score: weight * lm + bonus * prefix.count };
}
