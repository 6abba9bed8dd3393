import type { Device } from "../../engine/device.ts";
import { expectFloat, expectShape, rowsAndCols } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { FloatType, Tensor } from "../../engine/tensor.ts";
import { addToGradients } from "../partial_sums.ts";
import {
  backward,
  backwardInput,
  backwardParams,
  backwardSubgroupRow,
  forward,
  forwardKernels,
  MOST_ROWS,
} from "./kernels.ts";

export interface LayerNormOptions {
  /** Added to the population variance. Default 1e-5. */
  readonly eps?: number;
  /** Applied to the result in the same kernel: silu is x · sigmoid(x). Default none. */
  readonly activation?: "none" | "silu";
  /** The type of the result. Default x's. */
  readonly dtype?: FloatType;
}

/**
 * Normalises each row to zero mean and unit variance, then scales and shifts it (Ba, Kiros, Hinton, 2016). An activation
 * costs no extra pass over memory and saves nothing for backward, which recomputes its argument.
 *
 * @param x       `[…, channels]`, f32 or f16; the arithmetic is f32
 * @param scale   `[channels]`
 * @param shift   `[channels]`
 * @param options eps, activation, dtype; a number is eps
 * @returns       same shape as x
 */
export function layerNorm(
  tape: Tape,
  x: Tensor,
  scale: Tensor,
  shift: Tensor,
  options: number | LayerNormOptions = {},
): Tensor {
  expectFloat("layerNorm", "x", x);
  const { eps = 1e-5, activation = "none", dtype = x.dtype } = typeof options === "number" ? { eps: options } : options;
  const { rows, cols } = rowsAndCols("layerNorm", "x", x);
  expectShape("layerNorm", "scale", scale, [cols]);
  expectShape("layerNorm", "shift", shift, [cols]);
  const y = tape.empty(x.shape, dtype);
  const stats = tape.empty([rows, 2]);
  const SILU = activation === "silu";
  forwardKernels[forward.choose(tape.device, { rows, cols })].encode(
    tape,
    { x, scale, shift, y, stats },
    { rows, eps, cols },
    { SILU },
  );
  return tape.record("layerNorm", [x, scale, shift], y, [x, scale, shift, stats], (dy) => {
    const dx = tape.like(x);
    const bindings = { x, scale, shift, stats, dy };
    if (backward.choose(tape.device, { rows, cols }) === "subgroup_row") {
      const chunk = rowsPerChunk(tape.device, rows);
      const partial = tape.empty([Math.ceil(rows / chunk), 2 * cols]);
      backwardSubgroupRow.encode(tape, { ...bindings, dx, partial }, { rows, cols, chunk }, { SILU });
      addToGradients(tape, partial, scale, shift);
    } else {
      backwardInput.encode(tape, { ...bindings, dx }, { rows, cols }, { SILU });
      if (scale.needsGrad || shift.needsGrad) {
        const partial = tape.empty([Math.ceil(rows / MOST_ROWS), 2 * cols]);
        backwardParams.encode(tape, { ...bindings, partial }, { rows, cols }, { SILU });
        addToGradients(tape, partial, scale, shift);
      }
    }
    return [dx, undefined, undefined];
  });
}

/**
 * A GPU needs many workgroups, as long as the chunks' sums, two rows each, are few compared with the rows and for the threads that add
 * them; a CPU needs few.
 */
function rowsPerChunk(device: Device, rows: number): number {
  return device.isSoftware ? MOST_ROWS : Math.min(MOST_ROWS, Math.max(4, Math.ceil(rows / 1024)));
}
