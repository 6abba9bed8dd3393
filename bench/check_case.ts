import type { Device } from "../engine/device.ts";
import { sameShape, showShape } from "../engine/shape.ts";
import { Tape } from "../engine/tape.ts";
import { release, type Tensor } from "../engine/tensor.ts";
import { halfTensor, read, tensor } from "../engine/transfer.ts";
import type { HostTensor, KernelCase } from "../kernels/case.ts";
import { differentiated, placeInputs, releaseInputs } from "../kernels/case_data.ts";
import { measureAgreement, worse, type Agreement } from "./report/compare.ts";
import { Expectation } from "./expectation.ts";

type Inputs = Readonly<Record<string, Tensor>>;

/**
 * Compares a case's kernels with its float64 reference: the output as in evaluation and as in training, and every
 * gradient, at ten times the output's tolerance. New tensors are filled with NaN first, so that elements no kernel writes
 * show. `halves` names inputs to pass as f16: the reference then also takes them rounded, and only the rounding of
 * intermediate values remains, so the tolerance is that of f16. To compare several variants, pass the same `expectation`.
 *
 * @returns the largest error of all, and what differs first
 */
export async function checkCase(
  device: Device,
  kernelCase: KernelCase,
  halves: readonly string[] = [],
  expectation = new Expectation(kernelCase, halves),
): Promise<Agreement> {
  const expected = expectation.output;
  const inputs = placeInputs(device, kernelCase, expectation.inputs, halves);
  const tolerance = halves.length > 0 ? HALF_TOLERANCE : toleranceOf(kernelCase);
  const { poison } = device;
  device.poison = true;
  try {
    const evaluation = await run(device, kernelCase, inputs, expected, tolerance, false);
    if (evaluation.problem !== undefined || differentiated(kernelCase).length === 0) return evaluation;
    const training = await run(device, kernelCase, inputs, expected, tolerance, true, expectation.cotangent);
    const output = both(evaluation, training);
    if (output.problem !== undefined) return output;
    return both(output, await compareGradients(device, kernelCase, inputs, expectation.gradients, tolerance));
  } finally {
    device.poison = poison;
    releaseInputs(inputs);
  }
}

/** What differs first, by the same comparison; undefined if all agree. */
export const findDifference = async (...args: Parameters<typeof checkCase>): Promise<string | undefined> =>
  (await checkCase(...args)).problem;

const both = (a: Agreement, b: Agreement): Agreement => ({
  largest: worse(a.largest, b.largest),
  problem: a.problem ?? b.problem,
});

/** Compares one forward pass, and runs one backward pass if there is a `dy`. */
async function run(
  device: Device,
  kernelCase: KernelCase,
  inputs: Inputs,
  expected: HostTensor,
  tolerance: Tolerance,
  grad: boolean,
  dy?: HostTensor,
): Promise<Agreement> {
  const tape = new Tape(device, { grad, training: true });
  try {
    const y = kernelCase.run(tape, inputs);
    if (!sameShape(y.shape, expected.shape))
      return {
        largest: { of: "y", error: 0, allowed: 0 },
        problem: `y: expected shape ${showShape(expected.shape)}, got ${showShape(y.shape)}`,
      };
    const agreement = measureAgreement("y", await read(device, y), expected, tolerance);
    if (agreement.problem === undefined && dy) backward(tape, y, dy);
    return agreement;
  } finally {
    tape.end();
  }
}

/** Runs backward from a gradient of the output's type. */
function backward(tape: Tape, y: Tensor, { shape, data }: HostTensor): void {
  const dy =
    y.dtype === "f16" ? halfTensor(tape.device, data, shape) : tensor(tape.device, Float32Array.from(data), shape);
  tape.backward(y, dy);
  release(dy);
}

async function compareGradients(
  device: Device,
  kernelCase: KernelCase,
  inputs: Inputs,
  expected: Readonly<Record<string, HostTensor>>,
  { rtol, atol }: Tolerance,
): Promise<Agreement> {
  const loose = { rtol: 10 * rtol, atol: 10 * atol };
  let all: Agreement | undefined;
  for (const name of differentiated(kernelCase)) {
    const gradient = await read(device, inputs[name]!.grad!);
    const agreement = measureAgreement(`d${name}`, gradient, expected[name]!, loose);
    all = all ? both(all, agreement) : agreement;
    if (all.problem !== undefined) break;
  }
  return all!;
}

interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

const toleranceOf = ({ tolerance }: KernelCase): Tolerance => tolerance ?? { rtol: 1e-4, atol: 1e-5 };

/** f16 has 11 significant bits: rounding once errs by up to 4.9e-4 of a value, and stored intermediate values add to it. */
const HALF_TOLERANCE: Tolerance = { rtol: 2e-3, atol: 1e-3 };
