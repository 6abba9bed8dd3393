import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";
import {
  deltaKernel,
  packBiasesKernel,
  subgroupKernels,
  sumChunksKernel,
  weightedRowsKernel,
  workgroupKernels,
} from "./kernels.ts";
import { backwardVariants, forwardVariants, lanesOf, type AttentionSizes, type Design } from "./variants.ts";

/** One call of attention, checked. */
export interface Call {
  readonly sizes: AttentionSizes;
  readonly causal: boolean;
  readonly masked: boolean;
  /** Of the mask, in elements; 0 along an axis that it is broadcast over. */
  readonly strides: { readonly mask_batch: number; readonly mask_head: number; readonly mask_query: number };
  /** Which weights are dropped; a threshold of 0 drops none. */
  readonly dropout: Readonly<Record<"prefix" | "first" | "threshold" | "factor", number>>;
}

type Inputs = Readonly<Record<"q" | "k" | "value" | "p" | "biases" | "mask", Tensor>>;

/** The biases of relative attention, `[heads, width]` each: the queries get u before they multiply keys, v before positions. */
export interface Biases {
  readonly u: Tensor;
  readonly v: Tensor;
}

/** The biases u and v as one tensor, `[2, heads · width]`. */
export function packBiases(tape: Tape, { u, v }: Biases): Tensor {
  const biases = tape.empty([2, u.size]);
  packBiasesKernel.encode(tape, { u, v, biases }, { count: u.size }, {});
  return biases;
}

/** Encodes y, `[batch, queries, heads · width]`, and lse, `[batch, heads, queries]`: log Σ exp of each query's scores. */
export function encodeForward(
  tape: Tape,
  call: Call,
  bindings: Inputs & { readonly y: Tensor; readonly lse: Tensor },
): void {
  const design = forwardVariants.choose(tape.device, call.sizes);
  kernelsOf[design].forward.encode(tape, bindings, dispatched(call), {
    ...constantsOf(tape, call, design),
    RELATIVE: call.sizes.relative,
  });
}

/** Encodes the gradients of the inputs: of q, k, value and, if there are positions, p; those of the biases are accumulated in place. */
export function encodeBackward(
  tape: Tape,
  call: Call,
  forward: Inputs & Readonly<Record<"y" | "lse" | "dy", Tensor>>,
  biases: Biases | undefined,
): (Tensor | undefined)[] {
  const { sizes } = call;
  const { batch, heads, queries, keys, width, relative } = sizes;
  const { y, lse, ...given } = forward;
  const { q, k, p, value, dy } = given;
  const design = backwardVariants.choose(tape.device, sizes);
  const kernels = kernelsOf[design];
  const constants = constantsOf(tape, call, design);
  // lse and dy · y of each query. With positions there are as many keys as queries, and a third part holds the sums of their ds.
  const stats = tape.empty([relative ? 3 : 2, batch, heads, queries]);
  deltaKernel.encode(tape, { y, dy, lse, stats }, { batch, heads, queries, width }, {});

  const bindings = { ...given, stats };
  const dq = tape.like(q);
  kernels.backwardQuery.encode(tape, { ...bindings, dq }, dispatched(call), { ...constants, RELATIVE: relative });
  const [dk, dvalue] = [tape.like(k), tape.like(value)];
  kernels.backwardKeyValue.encode(tape, { ...bindings, dk, dvalue }, dispatched(call), {
    ...constants,
    RELATIVE: relative,
  });
  if (!biases) return [dq, dk, dvalue];

  const { u, v } = biases;
  const key_sums = 2 * batch * heads * queries;
  if (u.needsGrad)
    addWeightedRows(tape, stats, k, u, { heads, rows: keys, width, x_layer: keys, layers: batch, offset: key_sums });
  if (!p.needsGrad && !v.needsGrad) return [dq, dk, dvalue, undefined, undefined, undefined];

  // One chunk of all utterances keeps a CPU busy; a GPU needs more workgroups.
  const utterances = tape.device.isSoftware ? batch : 1;
  const chunks = Math.ceil(batch / utterances);
  const rows = 2 * keys - 1;
  const partial = tape.empty([chunks, rows, heads * width]);
  const position_sums = tape.empty([chunks, heads, rows]);
  kernels.backwardPosition.encode(
    tape,
    { ...bindings, partial, position_sums },
    { ...dispatched(call), utterances },
    constants,
  );
  if (v.needsGrad)
    addWeightedRows(tape, position_sums, p, v, { heads, rows, width, x_layer: 0, layers: chunks, offset: 0 });
  if (!p.needsGrad) return [dq, dk, dvalue, undefined, undefined, undefined];
  const dp = tape.like(p);
  sumChunksKernel.encode(tape, { partial, dp }, { chunks, count: dp.size }, {});
  return [dq, dk, dvalue, dp, undefined, undefined];
}

const dispatched = ({ sizes: { batch, heads, queries, keys, width }, causal, masked, strides, dropout }: Call) => ({
  batch,
  heads,
  queries,
  keys,
  width,
  scale: 1 / Math.sqrt(width),
  causal: Number(causal),
  masked: Number(masked),
  ...strides,
  ...dropout,
});

const kernelsOf = { subgroup: subgroupKernels, workgroup: workgroupKernels };

/** Few constants with few values each, so that few pipelines are compiled. */
function constantsOf({ device }: Tape, { sizes, dropout }: Call, design: Design): Record<string, number | boolean> {
  const LANES = lanesOf(device);
  const columns = design === "subgroup" ? 4 * LANES : 32;
  return {
    CHUNKS: sizes.width > columns ? 2 : 1,
    DROPOUT: dropout.threshold > 0,
    ...(design === "subgroup" ? { LANES } : { UNROLL: !device.isSoftware }),
  };
}

/** bias.grad += Σ over layers and rows of weights · x; the weights begin at element `offset`. */
function addWeightedRows(
  tape: Tape,
  weights: Tensor,
  x: Tensor,
  bias: Tensor,
  sizes: Readonly<Record<"heads" | "rows" | "width" | "x_layer" | "layers" | "offset", number>>,
): void {
  const part = tape.device.isSoftware ? sizes.rows : Math.min(sizes.rows, 32);
  const partial = tape.empty([sizes.layers * Math.ceil(sizes.rows / part), bias.size]);
  weightedRowsKernel.encode(tape, { weights, x, partial }, { ...sizes, part }, {});
  addPartialSums(tape, partial, tape.gradientOf(bias));
}
