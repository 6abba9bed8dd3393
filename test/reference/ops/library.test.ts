import type { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { cumulativeSum } from "../../../kernels/cumulative_sum/cumulative_sum.ts";
import * as binary from "../../../kernels/pointwise/binary.ts";
import { cos, sin } from "../../../kernels/pointwise/unary.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../../../kernels/pointwise/words.ts";
import * as pooling from "../../../kernels/pooling/pooling.ts";
import { slice } from "../../../kernels/shaping/shaping.ts";
import { topK } from "../../../kernels/top_k/top_k.ts";
import { runOperationBook, type Runner } from "../run_operation_book.ts";

// The generator is test/fixtures/ops/library.py.
interface Attrs extends pooling.Pool1dOptions {
  value: number;
  first: boolean;
  exponent: number;
  starts: number[];
  ends: number[];
  shape: number[];
  axis: number;
  k: number;
}
type OfTwo = (tape: Tape, a: Tensor, b: Tensor) => Tensor;

const named = <T>(source: Readonly<Record<string, T>>, suffix: string, runner: (f: T) => Runner<Attrs>) =>
  Object.fromEntries(Object.entries(source).map(([name, f]) => [name + suffix, runner(f)]));

const ofTwo =
  (f: OfTwo): Runner<Attrs> =>
  (tape, { input, other }) => ({ y: f(tape, input!, other!) });

runOperationBook<Attrs>("ops/library", {
  ...named(binary, "_number", (f) => (tape, { x }, { value, first }) => ({
    y: first ? f(tape, value, x!) : f(tape, x!, value),
  })),
  ...named(binary, "_integers", ofTwo),
  ...named({ equal, greater, greaterEqual, less, lessEqual, notEqual }, "", ofTwo),
  ...named(pooling, "", (f) => (tape, { x }, options) => ({ y: f(tape, x!, options) })),
  slice: (tape, { x }, { starts, ends }) => ({ y: slice(tape, x!, starts, ends) }),
  reshape: (tape, { x }, { shape }) => ({ y: tape.reshape(x!, shape) }),
  sin: (tape, { x }) => ({ y: sin(tape, x!) }),
  cos: (tape, { x }) => ({ y: cos(tape, x!) }),
  pow: (tape, { x }, { exponent }) => ({ y: binary.pow(tape, x!, exponent) }),
  pow_tensor: (tape, { input, exponent }) => ({ y: binary.pow(tape, input!, exponent!) }),
  cumulativeSum: (tape, { x }, { axis }) => ({ y: cumulativeSum(tape, x!, axis) }),
  topK: (tape, { x }, { k, axis }) => ({ ...topK(tape, x!, k, axis) }),
});
