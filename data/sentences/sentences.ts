import { createHash } from "node:crypto";
import { UserError } from "../../engine/errors.ts";
import type { Units } from "../../model/units/units.ts";
import { inputName, readInput } from "../files/input.ts";
import { decodeUtf8 } from "../files/utf8.ts";
import { normaliseText } from "../../model/units/normal_form.ts";
import { formatCount } from "../text/number_format.ts";

/** A line of a text. */
export interface TextLine {
  /** Unicode NFC, words separated by single spaces. */
  readonly text: string;
  /** For messages: `news.txt, line 12`. */
  readonly source: string;
}

export interface Sentence extends TextLine {
  /** Classes of the units, never the blank. */
  readonly labels: Int32Array;
}

export interface SentenceSet {
  readonly sentences: readonly Sentence[];
  /** Sentences with characters that no unit spells, which are left out. */
  readonly leftOut: readonly TextLine[];
  /** Words of those that have such characters. */
  readonly unknownWords: number;
}

/**
 * Reads text files, one sentence a line; empty lines are skipped.
 *
 * @throws UserError naming a file that cannot be read, is not UTF-8 or has no sentence
 */
export async function readTextLines(files: readonly string[]): Promise<TextLine[]> {
  const all = await Promise.all(files.map(readOne));
  return all.flat();
}

async function readOne(file: string): Promise<TextLine[]> {
  const name = inputName(file);
  const bytes = await readInput(file).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof UserError) throw error;
    const reasons: Record<string, string> = { ENOENT: "there is no such file", EISDIR: "it is a folder" };
    throw new UserError(`cannot read the text ${name}: ${reasons[error.code ?? ""] ?? error.message}`);
  });
  const lines = decodeUtf8(bytes, name)
    .split("\n")
    .map((line, i) => ({ text: normaliseText(line), source: `${name}, line ${i + 1}` }))
    .filter(({ text }) => text !== "");
  if (lines.length === 0) throw new UserError(`the text ${name} has no sentences`);
  return lines;
}

/** @throws UserError if no line can be spelled */
export function spellSentences(lines: readonly TextLine[], units: Units): SentenceSet {
  const unknown = (text: string): boolean => units.unknownIn(text).length > 0;
  const leftOut = lines.filter(({ text }) => unknown(text));
  const sentences = lines
    .filter(({ text }) => !unknown(text))
    .map((line) => ({ ...line, labels: units.encode(line.text) }));
  if (sentences.length === 0)
    throw new UserError(
      `${lines[0]?.source}: the model's units spell none of the ${formatCount(lines.length)} sentences from here on: ${unknownIn(leftOut[0], units)}`,
    );
  return {
    sentences,
    leftOut,
    unknownWords: leftOut.reduce((sum, { text }) => sum + text.split(" ").filter(unknown).length, 0),
  };
}

/** One sentence about those that are left out; none if there are none. */
export function leftOutWarnings(name: string, { leftOut, sentences }: SentenceSet, units: Units): string[] {
  if (leftOut.length === 0) return [];
  return [
    `${name}: ${formatCount(leftOut.length)} of ${formatCount(leftOut.length + sentences.length)} sentences are left out, as no unit spells some of their characters: ${unknownIn(leftOut[0], units)}`,
  ];
}

const unknownIn = (line: TextLine | undefined, units: Units): string =>
  line ? `${line.source} has '${units.unknownIn(line.text).join("', '")}'` : "";

/** Identifies a training set by the labels of its sentences in order. */
export function digestOfSentences(sentences: readonly Sentence[]): string {
  const sum = createHash("sha256");
  for (const { labels } of sentences) sum.update(`${labels.join(" ")}\n`);
  return sum.digest("hex").slice(0, 16);
}
