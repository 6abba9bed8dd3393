import { expect, it } from "vitest";
import { compare } from "../../bench/report/compare.ts";
import { Tape } from "../../engine/tape.ts";
import { release, type Tensor } from "../../engine/tensor.ts";
import { leaf, read } from "../../engine/transfer.ts";
import type { HostTensor } from "../../kernels/case.ts";
import { caseData } from "../../kernels/case_data.ts";
import { conv2d } from "../../kernels/conv2d/conv2d.ts";
import { conv2dGradients } from "../../kernels/conv2d/reference.ts";
import { testDevice } from "../test_device.ts";

// 64 rows of output, and 2 MB of sums for each chunk of them.
const [x, weight, dy] = [
  caseData("x", { shape: [1, 129, 3, 240] }),
  caseData("weight", { shape: [240, 240, 3, 3] }),
  caseData("dy", { shape: [1, 64, 1, 240] }),
];
const device = testDevice();

it("the gradient of a large filter is summed in so few chunks that their sums fit in 16 MiB", async () => {
  const { pool, tuner } = device();
  tuner.overrule([{ operation: "conv2d_backward_params", variant: "direct" }]);
  const upload = ({ data, shape }: HostTensor): Tensor => leaf(device(), Float32Array.from(data), shape);
  const [image, filter, slope] = [upload(x), upload(weight), upload(dy)];
  const tape = new Tape(device());
  const y = conv2d(tape, image, filter, undefined, { stride: 2 });
  const before = pool.statistics.liveBytes;
  pool.resetPeak();
  tape.backward(y, slope);
  const gradients = image.bytes + filter.bytes;
  expect(pool.statistics.peakBytes - before).toBeLessThan(1.25 * (2 ** 24 + gradients) + 2 ** 20); // a pool's size classes waste a quarter at most
  const expected = conv2dGradients(x, weight, undefined, dy, { stride: 2, padding: 0, relu: false }).weight;
  expect(
    compare("weight", await read(device(), tape.gradientOf(filter)), expected, { rtol: 1e-4, atol: 1e-3 }),
  ).toBeUndefined();
  tape.end();
  for (const each of [image, filter, slope]) release(each);
});
