/**
 * NIST's trn files, which sclite reads: a line per utterance, its words and then its id in parentheses.
 *
 *     one two three (speaker-utterance)
 *
 * Some characters mean something to sclite: `{ a / b }` is a choice, `@` no word at all, `\` takes the next character as
 * it is, `;` begins a tag that is not compared, a `*` at the end of a word is dropped, and a line that begins with `;`
 * or `*` is a comment. A text that has them is refused, since it would be scored as another.
 */
import { UserError } from "../../engine/errors.ts";
import { cutText } from "./error_rate.ts";
import type { DepthScore } from "./evaluate.ts";

/** An utterance's text, or what was recognised in its place. */
export interface TrnLine {
  readonly id: string;
  readonly text: string;
}

/**
 * A trn file of these lines, each ended by a line feed; words are separated by single spaces.
 *
 * @throws UserError as `expectTrn` does
 */
export function trnText(lines: readonly TrnLine[]): string {
  expectTrn(lines);
  return lines.map(({ id, text }) => `${cutText(text, "word").join(" ")} (${id})\n`).join("");
}

/**
 * The trn files of a manifest's scores, for `sclite -s -i wsj -r NAME-ref.trn trn -h NAME-hyp-4.trn trn`: the references
 * once and the hypotheses of every depth, in the same order. Without `-s` sclite ignores case; the kind of ids only says
 * which of their characters name the speaker.
 *
 * @param name of the manifest, with which the files' names begin
 * @param scores of one or more depths, on the same utterances
 * @returns the content of each file by its name
 * @throws UserError as `expectTrn` does
 */
export function trnFiles(name: string, scores: readonly DepthScore[]): Record<string, string> {
  const references = (scores[0]?.utterances ?? []).map(({ id, reference }) => ({ id, text: reference }));
  const files = { [`${name}-ref.trn`]: trnText(references) };
  for (const { depth, utterances } of scores)
    files[`${name}-hyp-${depth}.trn`] = trnText(utterances.map(({ id, hypothesis }) => ({ id, text: hypothesis })));
  return files;
}

/**
 * Refuses what a trn file cannot hold.
 *
 * @throws UserError for an id that is empty, occurs twice, or has parentheses, quotation marks, spaces or control
 *   characters; or a word that sclite reads as another
 */
export function expectTrn(lines: readonly TrnLine[]): void {
  const ids = new Set<string>();
  for (const { id, text } of lines) {
    if (!/^[^\s()"\p{Cc}]+$/u.test(id))
      throw new UserError(
        `--trn: the id '${id}' cannot be written to a trn file: expected characters other than spaces, parentheses, quotation marks and control characters; the manifest's lines may give an 'id'`,
      );
    if (ids.has(id)) throw new UserError(`--trn: two utterances have the id '${id}', expected every id once`);
    ids.add(id);
    const words = cutText(text, "word");
    const wrong = words.find((word, i) => isSpecial(word) || (i === 0 && word.startsWith("*")));
    if (wrong !== undefined)
      throw new UserError(
        `--trn: the word '${wrong}' of ${id} means something else to sclite: expected words without { } \\ ; that are not @ and neither end with * nor begin a line with it`,
      );
  }
}

/** Whether sclite reads the word as another, wherever it is. */
const isSpecial = (word: string): boolean => word === "@" || /[{}\\;\p{Cc}]|.\*$/u.test(word);
