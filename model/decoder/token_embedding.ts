import type { Parameters } from "../../engine/parameters.ts";
import { expectRank } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { dropout } from "../../kernels/dropout/dropout.ts";
import { embedding } from "../../kernels/embedding/embedding.ts";
import { add } from "../../kernels/pointwise/binary.ts";
import { scale } from "../../kernels/pointwise/unary.ts";
import { sinusoidalPositions } from "../positions.ts";
import { standardNormal } from "../weights.ts";

/** Random site of the dropout on the embedded tokens. */
const EMBED_SITE = 0x40000001;

/** Embedded tokens times √dim plus the sinusoids of their places (Vaswani et al., 2017, sections 3.4 and 3.5). */
export class TokenEmbedding {
  readonly #weight: Tensor;
  readonly #dim: number;
  readonly #dropout: number;

  /** `name` is for example "decoder.embed.0". */
  constructor(
    parameters: Parameters,
    name: string,
    config: { readonly vocabulary: number; readonly dim: number; readonly dropout: number },
  ) {
    this.#weight = parameters.add(`${name}.weight`, [config.vocabulary, config.dim], { init: standardNormal });
    this.#dim = config.dim;
    this.#dropout = config.dropout;
  }

  /**
   * `[batch, tokens, dim]`
   *
   * @param tokens i32 `[batch, tokens]`
   * @param places of the tokens in their sentences, along the last axis, from 0; a single one is that of all. Left out, they are
   *   whole sentences
   */
  forward(tape: Tape, tokens: Tensor, places?: readonly number[]): Tensor {
    expectRank("TokenEmbedding", "tokens", tokens, 2);
    const at = places ?? Array.from({ length: tokens.shape[1] as number }, (_, place) => place);
    const positions = tape.upload(sinusoidalPositions(at, this.#dim), [1, at.length, this.#dim]);
    const rows = scale(tape, embedding(tape, tokens, this.#weight), Math.sqrt(this.#dim));
    return dropout(tape, add(tape, rows, positions), this.#dropout, EMBED_SITE);
  }
}
