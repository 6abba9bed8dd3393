import { UserError } from "../../engine/errors.ts";
import { NgramModel } from "./ngram_model.ts";
import { NgramTrie, ROOT } from "./ngram_trie.ts";

/** Longest n-grams that a file may have; nobody estimates longer ones. */
const LONGEST = 255;

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
 * Lines before `\data\` and after `\end\` are not read. An n-gram's own context has to be among the shorter ones, as in
 * every file these tools write.
 *
 * @param lines one after the other, so that the file itself is never in memory
 * @param source names the file in messages
 * @throws UserError that names source, line number, what was expected and what came
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
  /** Announced numbers of n-grams: of words, of pairs... */
  readonly #counts: number[] = [];
  #line = 0;
  /** null before `\data\`, 0 in the list of numbers, else the order of the n-grams at hand. */
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
      throw new UserError(`${this.#source} is no language model in the ARPA format: it has no line \\data\\`);
    if (!this.finished)
      throw new UserError(`${this.#source}, line ${this.#line}: expected \\end\\, but the file ends: it is cut short`);
    return new NgramModel(this.#counts.length, this.#words, this.#trie, this.#source);
  }

  /** `\2-grams:` or `\end\`, where the section before is complete. */
  #beginSection(line: string): void {
    const before = this.#section as number;
    if (before > 0 && this.#inSection !== this.#counts[before - 1]) {
      this.#refuse(
        `expected ${this.#counts[before - 1]} ${before}-grams, as announced at the file's beginning, before ${line}`,
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
    if (!count || Number(count[1]) !== order || order > LONGEST)
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
      (word) => this.#words.get(word) ?? this.#refuse("expected words that are among the 1-grams", word),
    );
    let context = ROOT;
    for (const id of ids.slice(0, -1)) {
      context =
        this.#trie.find(context, id) ??
        this.#refuse(
          `expected the ${order - 1}-gram '${words.slice(0, -1).join(" ")}' before n-grams that go on from it`,
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
