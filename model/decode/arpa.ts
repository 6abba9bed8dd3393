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
 * these tools write.
 *
 * @param lines streamed, so that the file is never in memory as a whole
 * @param source names the file in messages
 * @throws UserError naming source, line number, what was expected and what was found
 */
export async function parseArpa(lines: Iterable<string> | AsyncIterable<string>, source: string): Promise<NgramModel> {
  const reader = new ArpaReader(source);
  for await (const line of lines) {
    reader.read(line.trim());
    if (reader.finished) break;
  }
  return reader.model();
}

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
    const order = before + 1;
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
    const fields = line.split(/[\t ]+/u);
    if (fields.length !== order + 1 && fields.length !== order + 2) {
      this.#refuse(
        `expected a log10 probability, ${order === 1 ? "a word" : `${order} words`} and at most a back-off weight`,
        line,
      );
    }
    const [logProb, backoff] = [Number(fields[0]), Number(fields[order + 1] ?? 0)];
    if (!(logProb <= 0 && logProb > -Infinity)) this.#refuse("expected a log10 probability, 0 or less", fields[0]);
    if (!Number.isFinite(backoff)) this.#refuse("expected a log10 back-off weight at the end", fields[order + 1]);

    const words = fields.slice(1, order + 1);
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
    if (!this.#trie.add(context, ids.at(-1) as number, logProb * Math.LN10, backoff * Math.LN10))
      this.#refuse("expected each n-gram once", line);
    this.#inSection++;
  }

  #refuse(expected: string, got: string | undefined): never {
    const shown = got !== undefined && got.length > 80 ? `${got.slice(0, 80)}...` : got;
    throw new UserError(`${this.#source}, line ${this.#line}: ${expected}, got '${shown}'`);
  }
}
