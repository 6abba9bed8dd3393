import { attention } from "../../../kernels/attention/attention.ts";
import { linear } from "../../../kernels/linear/linear.ts";
import { runOperationBook } from "../run_operation_book.ts";

runOperationBook<{ heads: number; causal: boolean }>("ops/multi_head_attention", {
  multi_head_attention: (tape, inputs, { heads, causal }) => {
    const { query, memory, mask } = inputs;
    const q = linear(tape, query!, inputs.q_weight!, inputs.q_bias);
    const k = linear(tape, memory!, inputs.k_weight!, inputs.k_bias);
    const value = linear(tape, memory!, inputs.v_weight!, inputs.v_bias);
    const [batch, queries, keys] = mask?.shape ?? [];
    const perHead = mask && tape.reshape(mask, [batch!, 1, queries!, keys!]);
    const y = attention(tape, q, k, value, { heads, causal, mask: perHead });
    return { y: linear(tape, y, inputs.out_weight!, inputs.out_bias) };
  },
});
