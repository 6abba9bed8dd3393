import type { Communicator } from "./communicator.ts";
import { fromHalves, toHalves } from "./half.ts";

/** What the largest sum is scaled to, at most: half of the largest binary16. */
const LARGEST = 2 ** 15;

/**
 * Sums of arrays over all ranks, of which only halves (binary16) go over the wire: every rank gets the others' halves of its own part, adds
 * them up as float32 in the ranks' order, and hands its sums to the others as halves. So a sum has at most one rounding of each summand
 * and one of its own, all ranks have the same bits, and these do not change from run to run.
 *
 * Values are scaled by a power of two, for the largest to be near the end of a half's range: none becomes infinite, and the smallest that
 * keep all their digits are 2^-28 of the largest. What is infinite or not a number already stays so.
 */
export class HalfSum {
  readonly #ranks: Communicator;
  /** Of all ranks' parts of this rank's values, and of this rank's part of all ranks' values. */
  readonly #own: Uint16Array;
  readonly #others: Uint16Array;
  readonly #sums: Float32Array;
  readonly #part: Uint16Array;

  /** @param count values of the arrays */
  constructor(ranks: Communicator, count: number) {
    this.#ranks = ranks;
    const part = Math.ceil(count / ranks.size);
    this.#own = new Uint16Array(ranks.size * part);
    this.#others = new Uint16Array(ranks.size * part);
    this.#sums = new Float32Array(part);
    this.#part = new Uint16Array(part);
  }

  /** Replaces the values by all ranks' sums. */
  async add(values: Float32Array): Promise<void> {
    const scale = await this.#scaleOf(values);
    toHalves(values, scale, this.#own);
    await this.#ranks.allToAll(this.#own, this.#others);
    const { length } = this.#part;
    this.#sums.fill(0);
    for (let rank = 0; rank < this.#ranks.size; rank++)
      fromHalves(this.#others.subarray(rank * length, (rank + 1) * length), this.#sums);
    toHalves(this.#sums, 1, this.#part);
    await this.#ranks.allGather(this.#part, this.#own);
    values.fill(0);
    fromHalves(this.#own, values, 1 / scale);
  }

  /** The same on all ranks. */
  async #scaleOf(values: Float32Array): Promise<number> {
    let largest = 0;
    for (let i = 0; i < values.length; i++) {
      const size = Math.abs(values[i] as number);
      if (!(size <= largest)) largest = size < Infinity ? size : Infinity;
    }
    const most = Float64Array.of(largest);
    await this.#ranks.allReduce(most, "max");
    const [all] = most as unknown as [number];
    if (all === 0 || all === Infinity) return 1;
    return 2 ** Math.max(-100, Math.min(100, Math.floor(Math.log2(LARGEST / (this.#ranks.size * all)))));
  }
}
