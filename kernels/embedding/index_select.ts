import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import { expectAxis, expectRank, expectType, sizeOf } from "../../engine/shape.ts";
import type { Tape } from "../../engine/tape.ts";
import { viewOf, type Tensor } from "../../engine/tensor.ts";
import { overElements } from "../../engine/kernel/grid.ts";

const select = defineKernel({
  file: new URL("./select.wgsl", import.meta.url),
  bindings: { x: "read", index: "read", y: "read_write" },
  sizes: { elements: "u32", count: "u32", selected: "u32", inner: "u32" },
  workgroups: ({ elements }) => overElements(elements),
});

const linkRepeats = defineKernel({
  file: new URL("./link_repeats.wgsl", import.meta.url),
  bindings: { index: "read", links: "read_write" },
  sizes: { selected: "u32" },
  workgroups: ({ selected }) => spread(selected, 32),
});

const addToSelected = defineKernel({
  file: new URL("./add_to_selected.wgsl", import.meta.url),
  bindings: { index: "read", links: "read", dy: "read", dx: "read_write" },
  sizes: { threads: "u32", count: "u32", selected: "u32", inner: "u32", ignored: "i32" },
  workgroups: ({ threads }) => spread(threads, 64),
});

/** x is [outer, count, inner]; `selected` slices along its middle axis are taken. */
export interface Slices {
  readonly outer: number;
  readonly count: number;
  readonly selected: number;
  readonly inner: number;
}

/**
 * Slices of x along an axis; they repeat if their index does.
 *
 * @param index i32 `[selected]`; an index outside of the axis gives zeros
 * @returns     x's shape with `selected` along the axis
 */
export function indexSelect(tape: Tape, x: Tensor, index: Tensor, axis: number): Tensor {
  expectType("indexSelect", "x", x, "f32");
  expectType("indexSelect", "index", index, "i32");
  expectRank("indexSelect", "index", index, 1);
  const along = expectAxis("indexSelect", axis, x.shape.length);
  const sizes: Slices = {
    outer: sizeOf(x.shape.slice(0, along)),
    count: x.shape[along]!,
    selected: index.size,
    inner: sizeOf(x.shape.slice(along + 1)),
  };
  const y = viewOf(slicesOf(tape, x, index, sizes), x.shape.with(along, index.size));
  return tape.record("indexSelect", [x], y, [index], (dy) => {
    addToSlices(tape, dy, index, tape.gradientOf(x), sizes);
    return [undefined];
  });
}

/** The slices [outer, selected, inner] of x. Not recorded. */
export function slicesOf(tape: Tape, x: Tensor, index: Tensor, { outer, count, selected, inner }: Slices): Tensor {
  const y = tape.empty([outer, selected, inner]);
  select.encode(tape, { x, index, y }, { elements: y.size, count, selected, inner }, {});
  return y;
}

/** Adds dy to the slices of dx that it came from, except for the index `ignored`. Not recorded. */
export function addToSlices(
  tape: Tape,
  dy: Tensor,
  index: Tensor,
  dx: Tensor,
  { count, selected, inner }: Slices,
  ignored = -1,
): void {
  const links = tape.empty([selected, 2], "u32");
  linkRepeats.encode(tape, { index, links }, { selected }, {});
  addToSelected.encode(tape, { index, links, dy, dx }, { threads: dy.size, count, selected, inner, ignored }, {});
}
