import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { ShapeError, expectFloat, expectShape, rowsAndCols, showShape } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addPartialSums } from "../partial_sums.ts";
import { ACTIVATIONS, encodeProduct, type Activation } from "../matmul/product.ts";

/** As CHUNK in backward_output.wgsl. */
const ROWS_PER_CHUNK = 32;

const backwardOutput = defineKernel({
  file: new URL("./backward_output.wgsl", import.meta.url),
  bindings: { dy: "read", pre: "read", dpre: "read_write", partial: "read_write" },
  sizes: { rows: "u32", cols: "u32" },
  constants: ["ACTIVATION"],
  workgroups: ({ rows, cols }) => [Math.ceil(cols / 32), ...spread(Math.ceil(rows / ROWS_PER_CHUNK), 1)],
});

export type { Activation };

/**
 * A linear layer with its activation: y = activation(x Wᵀ + b), in one kernel. y has the tape's type for activations; where
 * that is f16, the product uses the weight's f16 copy, if there is one.
 *
 * @param x          `[…, in]`
 * @param weight     `[out, in]`
 * @param bias       `[out]`
 * @param activation gelu is the exact one, x Φ(x); silu is x sigmoid(x)
 * @returns          `[…, out]`
 * @throws ShapeError if weight or bias do not fit x
 */
export function linear(tape: Tape, x: Tensor, weight: Tensor, bias?: Tensor, activation: Activation = "none"): Tensor {
  const { rows, inputs, outputs } = checkLinear(x, weight, bias);
  const needsGrad = tape.recording && (x.needsGrad || weight.needsGrad || (bias?.needsGrad ?? false));
  const y = tape.empty([...x.shape.slice(0, -1), outputs], tape.activation);
  const matrix = tape.activation === "f16" ? (weight.half ?? weight) : weight;
  const pre = needsGrad && activation !== "none" ? tape.like(y) : undefined;
  encodeProduct(
    tape,
    x,
    matrix,
    y,
    { rows, cols: outputs, inner: inputs },
    { transposeB: true, bias, activation, pre },
  );
  return tape.record(
    "linear",
    bias ? [x, weight, bias] : [x, weight],
    y,
    pre ? [x, matrix, pre] : [x, matrix],
    (dy) => {
      const dpre = backwardToProduct(tape, dy, pre, bias, activation);
      // dW += dpreᵀ · x,  dx = dpre · W.
      if (weight.needsGrad) {
        const sizes = { rows: outputs, cols: inputs, inner: rows };
        encodeProduct(tape, dpre, x, tape.gradientOf(weight), sizes, { transposeA: true, accumulate: true });
      }
      if (!x.needsGrad) return [undefined, undefined, undefined];
      const dx = tape.like(x);
      encodeProduct(tape, dpre, matrix, dx, { rows, cols: inputs, inner: outputs });
      return [dx, undefined, undefined];
    },
  );
}

/** The gradient before bias and activation; adds its sum over the rows to the gradient of the bias. */
function backwardToProduct(
  tape: Tape,
  dy: Tensor,
  pre: Tensor | undefined,
  bias: Tensor | undefined,
  activation: Activation,
): Tensor {
  if (!pre && !bias?.needsGrad) return dy;
  const { rows, cols } = rowsAndCols("linear", "dy", dy);
  const dpre = pre ? tape.like(dy) : dy;
  const partial = tape.empty([Math.ceil(rows / ROWS_PER_CHUNK), cols]);
  const ACTIVATION = pre ? ACTIVATIONS.indexOf(activation) : 0;
  backwardOutput.encode(
    tape,
    { dy, pre: pre ?? dy, dpre: pre ? dpre : tape.empty([1]), partial },
    { rows, cols },
    { ACTIVATION },
  );
  if (bias?.needsGrad) addPartialSums(tape, partial, tape.gradientOf(bias));
  return dpre;
}

function checkLinear(x: Tensor, weight: Tensor, bias: Tensor | undefined) {
  expectFloat("linear", "x", x);
  expectFloat("linear", "weight", weight);
  const { rows, cols: inputs } = rowsAndCols("linear", "x", x);
  const outputs = weight.shape[0];
  if (outputs === undefined || weight.shape.length !== 2 || weight.shape[1] !== inputs)
    throw new ShapeError(
      "linear",
      "weight",
      `[any, ${inputs}], as x is ${showShape(x.shape)}`,
      showShape(weight.shape),
    );
  if (bias) expectShape("linear", "bias", bias, [outputs]);
  return { rows, inputs, outputs };
}
