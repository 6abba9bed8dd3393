import { Tape } from "../../../engine/tape.ts";
import { release, type Tensor } from "../../../engine/tensor.ts";
import { read, tensor } from "../../../engine/transfer.ts";
import { conv2d } from "../../../kernels/conv2d/conv2d.ts";
import { linear } from "../../../kernels/linear/linear.ts";
import { relu, sigmoid, tanh } from "../../../kernels/pointwise/unary.ts";
import type { Check } from "./check.ts";

/** An operation on one tensor whose element 1 is NaN, and where its result should be NaN. */
const check = (
  name: string,
  shape: readonly number[],
  apply: (tape: Tape, x: Tensor) => Tensor,
  expected: readonly number[],
): Check => ({
  name: `NaN goes through ${name}`,
  async run(device) {
    const size = shape.reduce((product, n) => product * n, 1);
    const x = tensor(
      device,
      Float32Array.from({ length: size }, (_, i) => (i === 1 ? NaN : -0.5)),
      shape,
    );
    const tape = new Tape(device, { grad: false });
    try {
      const found = [...(await read(device, apply(tape, x)))].flatMap((value, i) => (Number.isNaN(value) ? [i] : []));
      return found.join() === expected.join()
        ? undefined
        : `NaN at [${found.join(", ")}], expected at [${expected.join(", ")}]`;
    } finally {
      tape.end();
      release(x);
    }
  },
});

const ones = (tape: Tape, ...shape: number[]): Tensor => tape.filled(shape, 1);

/** A compiler that assumes there is no NaN, or a max that returns the other operand, would lose it: drivers differ. */
export const notANumberChecks: readonly Check[] = [
  ...Object.entries({ relu, sigmoid, tanh }).map(([name, apply]) => check(name, [4], apply, [1])),
  ...(["relu", "sigmoid", "tanh"] as const).map((activation) =>
    check(
      `a product with ${activation}`,
      [2, 8],
      (tape, x) => linear(tape, x, ones(tape, 4, 8), undefined, activation),
      [0, 1, 2, 3],
    ),
  ),
  check(
    "a convolution with relu",
    [1, 3, 3, 4],
    (tape, x) => conv2d(tape, x, ones(tape, 4, 4, 2, 2), undefined, { activation: "relu" }),
    [0, 1, 2, 3],
  ),
];
