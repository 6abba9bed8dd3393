import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";
import { deltaKernel, subgroupKernels, sumChunksKernel, weightedRowsKernel, workgroupKernels } from "./kernels.ts";
import { backwardVariants, forwardVariants, lanesOf, type AttentionSizes, type Design } from "./variants.ts";

/** One call of attention, checked. */
export interface Call {
  readonly sizes: AttentionSizes;
  readonly causal: boolean;
  readonly masked: boolean;
  /** Of the mask, in elements; 0 along an axis that it is broadcast over. */
  readonly strides: { readonly mask_batch: number; readonly mask_head: number; readonly mask_query: number };
}

type Inputs = Readonly<Record<"q" | "k" | "value" | "p" | "u" | "v" | "mask", Tensor>>;

/** Encodes y, `[batch, queries, heads · width]`, and the first half of stats, `[2, batch, heads, queries]`: log Σ exp of each query's scores. */
export function encodeForward(tape: Tape, call: Call, bindings: Inputs & { readonly y: Tensor; readonly stats: Tensor }): void {
  const design = forwardVariants.choose(tape.device, call.sizes);
  kernelsOf[design].forward.encode(tape, bindings, dispatched(call), { ...constantsOf(tape, call, design), RELATIVE: call.sizes.relative });
}

/** Encodes the gradients of the inputs: of q, k, value and, if there are positions, p; those of the biases are added where they live. */
export function encodeBackward(tape: Tape, call: Call, forward: Inputs & Readonly<Record<"y" | "stats" | "dy", Tensor>>): (Tensor | undefined)[] {
  const { sizes } = call;
  const { batch, heads, queries, keys, width, relative } = sizes;
  const { y, ...bindings } = forward;
  const { q, k, p, u, v, value, dy, stats } = bindings;
  const design = backwardVariants.choose(tape.device, sizes);
  const kernels = kernelsOf[design];
  const constants = constantsOf(tape, call, design);
  deltaKernel.encode(tape, { y, dy, stats }, { batch, heads, queries, width }, {});

  const dq = tape.like(q);
  kernels.backwardQuery.encode(tape, { ...bindings, dq }, dispatched(call), { ...constants, RELATIVE: relative });
  const [dk, dvalue] = [tape.like(k), tape.like(value)];
  const key_sums = tape.empty(relative ? [batch, heads, keys] : [1]);
  kernels.backwardKeyValue.encode(tape, { ...bindings, dk, dvalue, key_sums }, dispatched(call), { ...constants, RELATIVE: relative });
  if (!relative) return [dq, dk, dvalue];

  if (u.needsGrad) addWeightedRows(tape, key_sums, k, u, { heads, rows: keys, width, x_layer: keys, layers: batch });
  if (!p.needsGrad && !v.needsGrad) return [dq, dk, dvalue, undefined, undefined, undefined];

  // A CPU is busy with all utterances in one chunk; a GPU wants more workgroups.
  const utterances = tape.device.isSoftware ? batch : 1;
  const chunks = Math.ceil(batch / utterances);
  const rows = 2 * keys - 1;
  const partial = tape.empty([chunks, rows, heads * width]);
  const position_sums = tape.empty([chunks, heads, rows]);
  kernels.backwardPosition.encode(tape, { ...bindings, partial, position_sums }, { ...dispatched(call), utterances }, constants);
  if (v.needsGrad) addWeightedRows(tape, position_sums, p, v, { heads, rows, width, x_layer: 0, layers: chunks });
  if (!p.needsGrad) return [dq, dk, dvalue, undefined, undefined, undefined];
  const dp = tape.like(p);
  sumChunksKernel.encode(tape, { partial, dp }, { chunks, count: dp.size }, {});
  return [dq, dk, dvalue, dp, undefined, undefined];
}

const dispatched = ({ sizes: { batch, heads, queries, keys, width }, causal, masked, strides }: Call) => ({
  batch, heads, queries, keys, width, scale: 1 / Math.sqrt(width), causal: Number(causal), masked: Number(masked), ...strides,
});

const kernelsOf = { subgroup: subgroupKernels, workgroup: workgroupKernels };

/** Few constants with few values each, so that few pipelines are compiled. */
function constantsOf({ device }: Tape, { sizes }: Call, design: Design): Record<string, number | boolean> {
  const LANES = lanesOf(device);
  const columns = design === "subgroup" ? 4 * LANES : 32;
  return {
    CHUNKS: sizes.width > columns ? 2 : 1,
    ...(design === "subgroup" ? { LANES } : {}),
  };
}

/** bias.grad += Σ over layers and rows of weights · x. */
function addWeightedRows(tape: Tape, weights: Tensor, x: Tensor, bias: Tensor, sizes: Readonly<Record<"heads" | "rows" | "width" | "x_layer" | "layers", number>>): void {
  const partial = tape.empty([sizes.layers, bias.size]);
  weightedRowsKernel.encode(tape, { weights, x, partial }, sizes, {});
  addPartialSums(tape, partial, tape.gradientOf(bias));
}
