import { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { indexSelect } from "../../kernels/embedding/index_select.ts";
import { logSoftmax } from "../../kernels/softmax/softmax.ts";
import type { DepthSchedule } from "../unfold.ts";
import type { AttentionDecoder } from "./attention_decoder.ts";
import type { Heard, Memory } from "./decoder_block.ts";
import type { KeysAndValues } from "./multi_head_attention.ts";

/**
 * A decoder at work: hypotheses of several utterances grow by a token at a time, all in one pass. Keys and values stay on the
 * device: those of the encoder's states once per utterance, those of the tokens for each hypothesis.
 */
export class Decoding {
  readonly #decoder: AttentionDecoder;
  readonly #utterances: number;
  readonly #hypotheses: number;
  readonly #schedule: DepthSchedule | undefined;
  readonly #heard: readonly Heard[];
  #said: readonly KeysAndValues[] | undefined;
  #place = 0;

  /**
   * @param memory     of the utterances; not needed any more once the constructor returns, but for the mask
   * @param hypotheses of each utterance
   * @param schedule   the decoder's blocks to apply, in order; left out: each once
   * @param said       of each layer, keys and values of tokens that were read before, `[utterances · hypotheses, tokens, dim]`
   */
  constructor(
    tape: Tape,
    decoder: AttentionDecoder,
    memory: Memory,
    hypotheses: number,
    schedule?: DepthSchedule,
    said?: readonly KeysAndValues[],
  ) {
    this.#decoder = decoder;
    this.#utterances = memory.states.shape[0] as number;
    this.#hypotheses = hypotheses;
    this.#schedule = schedule;
    this.#heard = tape.named("decoder", () => decoder.listen(tape, memory));
    this.#said = said;
    this.#place = said?.[0]?.keys.shape[1] ?? 0;
    for (const x of this.#kept()) x.storage.retain();
  }

  /**
   * Reads one more token of each hypothesis.
   *
   * @param tokens  `[utterances · hypotheses]`
   * @param parents `[utterances · hypotheses]`: the row of the call before that each hypothesis continues; not read at the start
   * @returns       log-probabilities of what comes next, `[utterances · hypotheses, vocabulary]`
   */
  next(tape: Tape, tokens: Int32Array, parents: Int32Array): Tensor {
    return tape.named("decoder", () => {
      const input = tape.upload(tokens, [this.#utterances, this.#hypotheses]);
      const before = this.#reordered(tape, parents);
      const { logits, said } = this.#decoder.step(tape, input, this.#place++, this.#heard, before, this.#schedule);
      this.#replace(said);
      return tape.reshape(logSoftmax(tape, logits), [tokens.length, this.#decoder.config.vocabulary]);
    });
  }

  /** Frees the device memory. */
  release(): void {
    for (const x of this.#kept()) x.storage.release();
  }

  /** What was said, in the order of the hypotheses that go on. */
  #reordered(tape: Tape, parents: Int32Array): readonly KeysAndValues[] | undefined {
    if (!this.#said) return undefined;
    const rows = tape.upload(parents, [parents.length]);
    return this.#said.map(({ keys, values }) => ({
      keys: indexSelect(tape, keys, rows, 0),
      values: indexSelect(tape, values, rows, 0),
    }));
  }

  #replace(said: readonly KeysAndValues[]): void {
    for (const { keys, values } of said) [keys, values].forEach((x) => x.storage.retain());
    for (const { keys, values } of this.#said ?? []) [keys, values].forEach((x) => x.storage.release());
    this.#said = said;
  }

  #kept(): Tensor[] {
    const cached = [...this.#heard, ...(this.#said ?? [])].flatMap(({ keys, values }) => [keys, values]);
    const mask = this.#heard[0]?.mask; // the same of every block
    return mask ? [...cached, mask] : cached;
  }
}
