/** log(exp(a) + exp(b)) without overflow; -inf stands for a probability of 0. */
export function logAddExp(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return a > b ? a + Math.log1p(Math.exp(b - a)) : b + Math.log1p(Math.exp(a - b));
}

/** Keeps the best `size` inserted items, best first; ties: the earlier first. */
export class Ranking<Item> {
  readonly items: Item[] = [];
  readonly #scores: number[] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  /** The score that one more item must exceed; -inf while there is room. */
  get worst(): number {
    return this.items.length < this.#size ? -Infinity : this.#scores[this.#size - 1]!;
  }

  /** A ranking of the same scores alone. */
  scores(): Ranking<null> {
    const copy = new Ranking<null>(this.#size);
    for (const score of this.#scores) copy.insert(score, null);
    return copy;
  }

  /** Whether an item with this score would be kept. Callers check first, to avoid building items in vain. */
  admits(score: number): boolean {
    return this.items.length < this.#size || score > this.#scores[this.#size - 1]!;
  }

  insert(score: number, item: Item): void {
    const { items } = this;
    const scores = this.#scores;
    let place = Math.min(items.length, this.#size - 1); // a full ranking loses its last
    if (items.length === this.#size && !(score > scores[place]!)) return;
    for (; place > 0 && score > scores[place - 1]!; place--) {
      scores[place] = scores[place - 1]!;
      items[place] = items[place - 1]!;
    }
    scores[place] = score;
    items[place] = item;
  }
}

/** The `count` classes with the highest log-probability in a frame `[vocab]` (ties: the lowest class), in no particular order. */
export function bestClasses(frame: Float32Array, count: number): Int32Array {
  if (count >= frame.length) return Int32Array.from(frame, (_, k) => k);
  const ranking = new Ranking<number>(count);
  for (let k = 0; k < frame.length; k++) if (ranking.admits(frame[k]!)) ranking.insert(frame[k]!, k);
  return Int32Array.from(ranking.items);
}
