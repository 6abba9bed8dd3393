import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectShape, expectType, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

const forward = defineKernel({
  file: new URL("./gather.wgsl", import.meta.url),
  bindings: { x: "read", index: "read", y: "read_write" },
  sizes: { elements: "u32", count: "u32", selected: "u32", inner: "u32" },
  workgroups: ({ elements }) => overElements(elements),
});

const addToGathered = defineKernel({
  file: new URL("./add_to_gathered.wgsl", import.meta.url),
  bindings: { index: "read", dy: "read", dx: "read_write" },
  sizes: { columns: "u32", count: "u32", selected: "u32", inner: "u32" },
  workgroups: ({ columns }) => spread(columns, 32),
});

/**
 * One element of x along an axis for each index: y[i, j, k] = x[i, index[i, j, k], k] for axis 1 of three.
 *
 * @param index i32, x's shape but for the axis; an index outside of the axis gives 0
 * @returns     the shape of index
 */
export function gather(tape: Tape, x: Tensor, index: Tensor, axis: number): Tensor {
  expectType("gather", "x", x, "f32");
  expectType("gather", "index", index, "i32");
  const along = expectAxis("gather", axis, x.shape.length);
  expectShape("gather", "index", index, (x.shape as readonly (number | null)[]).with(along, null));
  const inner = sizeOf(x.shape.slice(along + 1));
  const sizes = { count: x.shape[along]!, selected: index.shape[along]!, inner };
  const y = tape.empty(index.shape);
  forward.encode(tape, { x, index, y }, { elements: y.size, ...sizes }, {});
  return tape.record("gather", [x], y, [index], (dy) => {
    const columns = sizeOf(x.shape.slice(0, along)) * inner;
    addToGathered.encode(tape, { index, dy, dx: tape.gradientOf(x) }, { columns, ...sizes }, {});
    return [undefined];
  });
}
