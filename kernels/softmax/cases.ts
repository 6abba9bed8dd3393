import type { HostInputs, KernelCase, OperationCases } from "../case.ts";
import { rowsAlong, softmaxGradients, softmaxReference } from "./reference.ts";
import { logSoftmax, maskedLogSoftmax, maskedSoftmax, softmax } from "./softmax.ts";

function plain(
  name: string,
  shape: readonly number[],
  axis: number,
  log: boolean,
  more: Partial<KernelCase> = {},
): KernelCase {
  const size = shape.reduce((product, n) => product * n, 1);
  return {
    name: `${log ? "log " : ""}${name}`,
    inputs: { x: { shape } },
    run: (tape, { x }) => (log ? logSoftmax : softmax)(tape, x!, axis),
    reference: ({ x }) => softmaxReference(x!, rowsAlong(x!, axis), log),
    referenceGradients: ({ x }, dy) => softmaxGradients(x!, rowsAlong(x!, axis), log, dy),
    flops: 5 * size,
    bytes: 4 * 2 * size,
    ...(!log && { half: ["x"] }),
    ...more,
  };
}

/** `maskShape` broadcasts to `shape` along the axes where it has 1; every third position is masked, and all of row 0. */
function masked(name: string, shape: readonly number[], maskShape: readonly number[], log: boolean): KernelCase {
  const size = shape.reduce((product, n) => product * n, 1);
  const maskCols = maskShape.at(-1) as number;
  const rows = ({ x, mask }: HostInputs) =>
    rowsAlong(x!, shape.length - 1, (i) => mask!.data[maskIndex(i, shape, maskShape)] !== 0);
  return {
    name: `masked ${log ? "log " : ""}${name}`,
    inputs: {
      x: { shape },
      mask: { shape: maskShape, dtype: "u32", value: (i) => (i >= maskCols && i % 3 !== 0 ? 1 : 0) },
    },
    run: (tape, { x, mask }) => (log ? maskedLogSoftmax : maskedSoftmax)(tape, x!, mask!),
    reference: (inputs) => softmaxReference(inputs.x!, rows(inputs), log),
    // A finite difference of -∞ is no number, so the logarithm is left to the reference values.
    ...(!log && { referenceGradients: (inputs, dy) => softmaxGradients(inputs.x!, rows(inputs), log, dy) }),
    flops: 5 * size,
    bytes: 4 * 3 * size,
    ...(!log && { half: ["x"] }),
  };
}

/** The element of a broadcast mask for element i of the tensor. */
function maskIndex(i: number, shape: readonly number[], maskShape: readonly number[]): number {
  let index = 0;
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    const own = maskShape[axis - shape.length + maskShape.length] ?? 1;
    if (own !== 1) index += (i % size) * stride;
    stride *= own;
    i = Math.floor(i / size);
  }
  return index;
}

export const cases: OperationCases = {
  operation: "softmax",
  cases: [
    ...[false, true].flatMap((log) => [
      plain("odd rows", [5, 13], 1, log),
      plain("one column", [3, 1], 1, log),
      plain("rows over a workgroup", [67, 9], 1, log),
      plain("four columns at once", [67, 36], 1, log),
      plain("rows longer than a workgroup", [2, 300], 1, log),
      plain("first axis", [11, 3, 5], 0, log),
      plain("middle axis", [3, 11, 5], 1, log),
      masked("same shape", [2, 4, 7], [2, 4, 7], log),
      masked("broadcast over heads and queries", [3, 2, 5, 7], [3, 1, 1, 7], log),
      masked("same shape, four columns at once", [2, 9, 12], [2, 9, 12], log),
      masked("broadcast over heads and queries, four columns at once", [3, 2, 5, 8], [3, 1, 1, 8], log),
      masked("broadcast over columns", [3, 2, 5, 8], [3, 2, 5, 1], log),
      masked("broadcast in front", [3, 5, 7], [5, 7], log),
    ]),
    plain("attention 3200 x 100", [8, 4, 100, 100], 3, false, { benchmark: true }),
    plain("posteriors 1600 x 500", [16, 100, 500], 2, true, { benchmark: true }),
  ],
};
