import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectType, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { defineVariants } from "../../engine/tuning/variants.ts";

const declaration = {
  bindings: { x: "read", y: "read_write" },
  sizes: { lines: "u32", count: "u32", inner: "u32" },
  constants: ["BACKWARD"],
} as const;

const kernels = {
  thread_line: defineKernel({
    file: new URL("./thread_line.wgsl", import.meta.url),
    ...declaration,
    workgroups: ({ lines }) => [Math.min(65_535, Math.ceil(lines / 64))],
  }),
  workgroup_line: defineKernel({
    file: new URL("./workgroup_line.wgsl", import.meta.url),
    ...declaration,
    workgroups: ({ lines }) => spread(lines, 1),
  }),
};

type Lines = Readonly<Record<"lines" | "count" | "inner", number>>;

/** Lines that keep a GPU busy with a thread each. */
const MANY = 16_384;

const variants = defineVariants("cumulative_sum", {
  variants: { thread_line: {}, workgroup_line: {} },
  defaults: ({ lines, count }: Lines, { isSoftware }) =>
    isSoftware || lines >= MANY || count <= 64 ? ["thread_line"] : ["workgroup_line"],
});

/** The sums of the elements up to each one along an axis: y[k] = x[0] + … + x[k]. */
export function cumulativeSum(tape: Tape, x: Tensor, axis = -1): Tensor {
  expectType("cumulativeSum", "x", x, "f32");
  const along = expectAxis("cumulativeSum", axis, x.shape.length);
  const [count, inner] = [x.shape[along]!, sizeOf(x.shape.slice(along + 1))];
  const sizes = { lines: sizeOf(x.shape.slice(0, along)) * inner, count, inner };
  const scanned = (from: Tensor, BACKWARD: boolean): Tensor => {
    const y = tape.like(from);
    if (y.size > 0) kernels[variants.choose(tape.device, sizes)].encode(tape, { x: from, y }, sizes, { BACKWARD });
    return y;
  };
  return tape.record("cumulativeSum", [x], scanned(x, false), [], (dy) => [scanned(dy, true)]);
}
