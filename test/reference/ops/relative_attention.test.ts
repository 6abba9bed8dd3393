import { attention } from "../../../kernels/attention/attention.ts";
import { linear } from "../../../kernels/linear/linear.ts";
import { relShift } from "../../../kernels/rel_shift/rel_shift.ts";
import { rotaryEmbedding } from "../../../kernels/rotary/rotary.ts";
import { relativePositions, sinusoidalPositions } from "../../../model/positions.ts";
import { loadBook } from "../book.ts";
import { runOperationBook } from "../run_operation_book.ts";

interface Attrs {
  readonly heads: number;
  readonly time: number;
  readonly dim: number;
  readonly base: number;
}

const BOOK = "ops/relative_attention";
/** The positions of the one case of sinusoidal_positions, on the host as our function takes them. */
const positions = loadBook(BOOK)
  .cases.find(({ op }) => op === "sinusoidal_positions")!
  .inputs.get("positions")!.values as Int32Array;

runOperationBook<Attrs>(BOOK, {
  rel_position_attention: (tape, inputs, { heads }) => {
    const { x, mask } = inputs;
    const q = linear(tape, x!, inputs.q_weight!, inputs.q_bias);
    const k = linear(tape, x!, inputs.k_weight!, inputs.k_bias);
    const value = linear(tape, x!, inputs.v_weight!, inputs.v_bias);
    const relative = {
      positions: linear(tape, inputs.positions!, inputs.pos_weight!),
      contentBias: inputs.pos_bias_u!,
      positionBias: inputs.pos_bias_v!,
    };
    const [batch, queries, keys] = mask?.shape ?? [];
    const perHead = mask && tape.reshape(mask, [batch!, 1, queries!, keys!]);
    const y = attention(tape, q, k, value, { heads, mask: perHead, relative });
    return { y: linear(tape, y, inputs.out_weight!, inputs.out_bias) };
  },
  rel_shift: (tape, { x }) => ({ y: relShift(tape, x!) }),
  relative_positions: (tape, _, { time, dim }) => ({
    y: tape.upload(relativePositions(time, dim), [2 * time - 1, dim]),
  }),
  sinusoidal_positions: (tape, _, { dim }) => ({
    y: tape.upload(sinusoidalPositions(positions, dim), [positions.length, dim]),
  }),
  rotary_embedding: (tape, { x }, { base }) => ({ y: rotaryEmbedding(tape, x!, base) }),
});
