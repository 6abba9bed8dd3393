import type { Tape } from "../../engine/tape.ts";
import type { BatchedFusion, BeingRead, ReadingFusion } from "../decode/batched_fusion.ts";
import type { FusedPrefix, FusionWeights } from "../decode/fusion.ts";
import { TextTree, type Text } from "./text_tree.ts";
import type { TransformerLm } from "./transformer_lm.ts";

interface ReadPrefix extends FusedPrefix {
  readonly text: Text;
}

/** Every label is scored at once; the bonus is added per label. */
export const transformerFusion = (model: TransformerLm, weights: FusionWeights): BatchedFusion => ({
  start: () => new TransformerFusion(model, weights),
});

class TransformerFusion implements ReadingFusion {
  readonly begin: ReadPrefix;
  readonly maxGain: number;
  readonly #tree: TextTree;
  readonly #weights: FusionWeights;
  readonly #sentenceEnd: number;

  constructor(model: TransformerLm, weights: FusionWeights) {
    this.#tree = new TextTree(model);
    this.#weights = weights;
    this.#sentenceEnd = model.sentenceEnd;
    this.maxGain = Math.max(0, weights.bonus);
    this.begin = { lm: 0, count: 0, score: 0, text: this.#tree.begin() };
  }

  extend({ lm, count, text }: ReadPrefix, label: number): ReadPrefix {
    return this.#scored(lm + nextOf(text, label), count + 1, this.#tree.extend(text, label));
  }

  end({ lm, count, text }: ReadPrefix): ReadPrefix {
    return this.#scored(lm + nextOf(text, this.#sentenceEnd), count, text);
  }

  read(tape: Tape, prefixes: Iterable<ReadPrefix>): BeingRead | undefined {
    return this.#tree.read(
      tape,
      Array.from(prefixes, ({ text }) => text),
    );
  }

  awaits(prefixes: Iterable<ReadPrefix>): boolean {
    for (const { text } of prefixes) if (!text.next) return true;
    return false;
  }

  release(): void {
    this.#tree.release();
  }

  #scored(lm: number, count: number, text: Text): ReadPrefix {
    const { weight, bonus } = this.#weights;
    return { lm, count, score: weight * lm + bonus * count, text };
  }
}

function nextOf({ next }: Text, label: number): number {
  if (!next) throw new Error("TransformerFusion: a prefix was extended or ended before it was read");
  return next[label] as number;
}
