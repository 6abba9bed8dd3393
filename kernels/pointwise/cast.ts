import { convert } from "../../engine/accumulate/accumulate.ts";
import { expectFloat } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { FloatType, Tensor } from "../../engine/tensor.ts";

/** x in another floating-point type, rounded to the nearest; x itself if it already has that type. */
export function cast(tape: Tape, x: Tensor, dtype: FloatType): Tensor {
  expectFloat("cast", "x", x);
  if (x.dtype === dtype) return x;
  const converted = (from: Tensor, to: FloatType): Tensor => {
    const y = tape.empty(from.shape, to);
    convert(tape, from, y);
    return y;
  };
  return tape.record("cast", [x], converted(x, dtype), [], (dy) => [converted(dy, x.dtype as FloatType)]);
}
