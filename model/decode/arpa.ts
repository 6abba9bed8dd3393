import { UserError } from "../../engine/errors.ts";
import { NgramModel } from "./ngram_model.ts";
import { NgramTrie, ROOT } from "./ngram_trie.ts";

/** Maximum n-gram order: the trie stores lengths in a byte, and nobody estimates longer n-grams. */
const MAX_ORDER = 255;

/**
 * Reads a language model in the ARPA format, as SRILM, KenLM and IRSTLM write it. Its logarithms have base 10:
 *
 *     \data\
 *     ngram 1=3                      how many n-grams of each order follow
 *     ngram 2=2
 *
 *     \1-grams:
 *     -0.7   one    -0.3             log10 probability, the words, log10 back-off weight (0 if left out)
 *     ...
 *     \end\
 *
 * Lines before `\data\` and after `\end\` are ignored. An n-gram's context must be among the shorter n-grams, as in every file that
 * these tools write. Words are read in normal form (NFC). A probability of zero is written as -99 (SRILM, which also reads it so), as
 * minus infinity or as a number far below; all are read as -99 at least. A section without n-grams may be left out with its heading.
 *
 * @param lines streamed, so that the file is never in memory as a whole
 * @param source names the file in messages
 * @throws UserError naming source, line number, what was expected and what was found
 */
export async function parseArpa(lines: Iterable<string> | AsyncIterable<string>, source: string): Promise<NgramModel> {
  const reader = new ArpaReader(source);
  for await (const line of lines) {
    reader.read(line.replace(OUTER_SPACES, ""));
    if (reader.finished) break;
  }
  return reader.model();
}

/** Only what ARPA files separate fields by: any other space may belong to a word. */
const OUTER_SPACES = /^[\t\r\n\v\f ]+|[\t\r\n\v\f ]+$/gu;

/** The logarithm that SRILM writes for a probability of zero. */
const LOG_ZERO = -99;

/** IRSTLM rounds the logarithm of 1 to as much as this. */
const ROUNDING = 1e-4;

/** First lines of files that only IRSTLM reads: the numbers in them are no probabilities yet, or of a quantised model. */
const IRSTLM_FORMATS = ["iarpa", "qarpa", "blmt"];

class ArpaReader {
  readonly #source: string;
  readonly #words = new Map<string, number>();
  readonly #trie = new NgramTrie();
  /** Number of n-grams of each order, from the header. */
  readonly #counts: number[] = [];
  #line = 0;
  /** null before `\data\`, 0 in the header, else the order of the current n-grams. */
  #section: number | null = null;
  #inSection = 0;
  finished = false;

  constructor(source: string) {
    this.#source = source;
  }

  read(line: string): void {
    this.#line++;
    if (this.#section === null) {
      const format = IRSTLM_FORMATS.find((name) => line.toLowerCase().split(" ")[0] === name);
      if (format !== undefined && this.#line === 1)
        throw new UserError(
          `${this.#source} is in IRSTLM's own format ${line.split(" ")[0]}, expected ARPA: convert it with compile-lm --text=yes`,
        );
      if (line.toLowerCase() === "\\data\\") this.#section = 0;
    } else if (line.startsWith("\\")) {
      this.#beginSection(line);
    } else if (line !== "") {
      if (this.#section === 0) this.#readCount(line);
      else this.#readNgram(line, this.#section);
    }
  }

  model(): NgramModel {
    if (this.#section === null)
      throw new UserError(`${this.#source} is not a language model in ARPA format: it has no line \\data\\`);
    if (!this.finished)
      throw new UserError(`${this.#source}, line ${this.#line}: expected \\end\\, but the file ends: it is cut short`);
    return new NgramModel(this.#counts.length, this.#words, this.#trie, this.#source);
  }

  /** Handles `\2-grams:` or `\end\`, checking that the previous section is complete. */
  #beginSection(line: string): void {
    const before = this.#section as number;
    if (before > 0 && this.#inSection !== this.#counts[before - 1]) {
      this.#refuse(
        `expected ${this.#counts[before - 1]} ${before}-grams, as announced in the file's header, before ${line}`,
        `${this.#inSection}`,
      );
    }
    let order = before + 1;
    while (this.#counts[order - 1] === 0 && line.toLowerCase() !== `\\${order}-grams:`) order++; // left out, being empty
    const last = order > this.#counts.length;
    if (this.#counts.length === 0) this.#refuse("expected 'ngram 1=' and the number of words", line);
    if (line.toLowerCase() !== (last ? "\\end\\" : `\\${order}-grams:`))
      this.#refuse(`expected ${last ? "\\end\\" : `\\${order}-grams:`}`, line);
    this.finished = last;
    this.#section = order;
    this.#inSection = 0;
  }

  #readCount(line: string): void {
    const order = this.#counts.length + 1;
    const count = /^ngram\s+(\d+)\s*=\s*(\d+)$/iu.exec(line);
    if (!count || Number(count[1]) !== order || order > MAX_ORDER)
      this.#refuse(`expected 'ngram ${order}=' and a number, or \\1-grams:`, line);
    this.#counts.push(Number(count[2]));
  }

  #readNgram(line: string, order: number): void {
    const fields = line.split(/[\t\v\f ]+/u);
    if (fields.length !== order + 1 && fields.length !== order + 2) {
      this.#refuse(
        `expected a log10 probability, ${order === 1 ? "a word" : `${order} words`} and at most a back-off weight`,
        line,
      );
    }
    const [logProb, backoff] = [log10(fields[0] as string), log10(fields[order + 1] ?? "0")];
    if (!(logProb <= ROUNDING)) this.#refuse("expected a log10 probability, 0 or less", fields[0]);
    if (!(backoff < Infinity)) this.#refuse("expected a log10 back-off weight at the end", fields[order + 1]);

    const words = fields.slice(1, order + 1).map((word) => word.normalize("NFC"));
    if (order === 1) this.#words.set(words[0] as string, this.#words.get(words[0] as string) ?? this.#words.size);
    const ids = words.map(
      (word) => this.#words.get(word) ?? this.#refuse("expected a word listed in the 1-grams", word),
    );
    let context = ROOT;
    for (const id of ids.slice(0, -1)) {
      context =
        this.#trie.find(context, id) ??
        this.#refuse(
          `expected the ${order - 1}-gram '${words.slice(0, -1).join(" ")}' before n-grams that extend it`,
          line,
        );
    }
    if (!this.#trie.add(context, ids.at(-1) as number, Math.min(0, logProb) * Math.LN10, backoff * Math.LN10))
      this.#refuse("expected each n-gram once, whichever form of Unicode its words are in", line);
    this.#inSection++;
  }

  #refuse(expected: string, got: string | undefined): never {
    const shown = got !== undefined && got.length > 80 ? `${got.slice(0, 80)}...` : got;
    throw new UserError(`${this.#source}, line ${this.#line}: ${expected}, got '${shown}'`);
  }
}

/** A number, at least `LOG_ZERO`; NaN for anything else. */
function log10(text: string): number {
  return /^-(inf|infinity)$/iu.test(text) ? LOG_ZERO : Math.max(LOG_ZERO, text === "" ? NaN : Number(text));
}
