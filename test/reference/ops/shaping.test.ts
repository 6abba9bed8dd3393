import type { Tensor } from "../../../engine/tensor.ts";
import { gather } from "../../../kernels/embedding/gather.ts";
import { indexSelect } from "../../../kernels/embedding/index_select.ts";
import { maskedFill, where } from "../../../kernels/pointwise/where.ts";
import {
  concat,
  expand,
  flip,
  pad,
  permute,
  slice,
  split,
  stack,
  transpose,
} from "../../../kernels/shaping/shaping.ts";
import { runOperationBook, type Inputs } from "../run_operation_book.ts";

interface Attrs {
  axis: number;
  axis_a: number;
  axis_b: number;
  axes: number[];
  shape: number[];
  starts: number[];
  ends: number[];
  steps: number[];
  sizes: number[];
  pads: [number, number][];
  value: number;
}

/** The parts a, b, c … in the order of their names. */
const parts = (inputs: Inputs): Tensor[] =>
  Object.keys(inputs)
    .sort()
    .map((name) => inputs[name]!);

runOperationBook<Attrs>("ops/shaping", {
  transpose: (tape, { x }, { axis_a, axis_b }) => ({ y: transpose(tape, x!, axis_a, axis_b) }),
  permute: (tape, { x }, { axes }) => ({ y: permute(tape, x!, axes) }),
  reshape: (tape, { x }, { shape }) => ({ y: tape.reshape(x!, shape) }),
  expand: (tape, { x }, { shape }) => ({ y: expand(tape, x!, shape) }),
  slice: (tape, { x }, { starts, ends, steps }) => ({ y: slice(tape, x!, starts, ends, steps) }),
  flip: (tape, { x }, { axes }) => ({ y: flip(tape, x!, axes) }),
  concat: (tape, inputs, { axis }) => ({ y: concat(tape, parts(inputs), axis) }),
  stack: (tape, inputs, { axis }) => ({ y: stack(tape, parts(inputs), axis) }),
  split: (tape, { x }, { axis, sizes }) =>
    Object.fromEntries(split(tape, x!, axis, sizes).map((part, i) => [`y${i}`, part])),
  pad: (tape, { x }, { pads, value }) => ({ y: pad(tape, x!, pads, value) }),
  gather: (tape, { x, index }, { axis }) => ({ y: gather(tape, x!, index!, axis) }),
  index_select: (tape, { x, index }, { axis }) => ({ y: indexSelect(tape, x!, index!, axis) }),
  where: (tape, { condition, a, b }) => ({ y: where(tape, condition!, a!, b!) }),
  masked_fill: (tape, { x, mask }, { value }) => ({ y: maskedFill(tape, x!, mask!, value) }),
});
