import type { Device } from "../engine/device.ts";
import { sameShape, showShape } from "../engine/shape.ts";
import { Tape } from "../engine/tape.ts";
import { read, type Tensor } from "../engine/tensor.ts";
import type { HostTensor, KernelCase } from "../kernels/case.ts";
import { cotangent, differentiated, hostInputs, placeInputs, releaseInputs } from "../kernels/case_data.ts";
import { compare } from "./compare.ts";

type Inputs = Readonly<Record<string, Tensor>>;

/**
 * Compares a case's kernels with its float64 reference: the output as in evaluation and as in training, and every
 * gradient, at ten times the output's tolerance. New tensors are filled with NaN first, so that an element no kernel
 * writes shows.
 *
 * @returns undefined where all agree, else what differs, with the first element that does
 */
export async function findDifference(device: Device, kernelCase: KernelCase): Promise<string | undefined> {
  const data = hostInputs(kernelCase);
  const expected = kernelCase.reference(data);
  const inputs = placeInputs(device, kernelCase, data);
  const { poison } = device;
  device.poison = true;
  try {
    const evaluation = await run(device, kernelCase, inputs, expected, false);
    if (evaluation || differentiated(kernelCase).length === 0) return evaluation;
    const dy = cotangent(expected.shape);
    const training = await run(device, kernelCase, inputs, expected, true, dy);
    return training ?? (await compareGradients(device, kernelCase, inputs, kernelCase.referenceGradients!(data, dy)));
  } finally {
    device.poison = poison;
    releaseInputs(inputs);
  }
}

/** One forward pass, compared; and one backward pass if there is a `dy`. */
async function run(device: Device, kernelCase: KernelCase, inputs: Inputs, expected: HostTensor, grad: boolean, dy?: HostTensor): Promise<string | undefined> {
  const tape = new Tape(device, { grad, training: true });
  try {
    const y = kernelCase.run(tape, inputs);
    if (!sameShape(y.shape, expected.shape)) return `y: expected shape ${showShape(expected.shape)}, got ${showShape(y.shape)}`;
    const difference = compare("y", await read(device, y), expected, toleranceOf(kernelCase));
    if (!difference && dy) tape.backward(y, tape.upload(Float32Array.from(dy.data), dy.shape));
    return difference;
  } finally {
    tape.end();
  }
}

async function compareGradients(device: Device, kernelCase: KernelCase, inputs: Inputs, expected: Readonly<Record<string, HostTensor>>): Promise<string | undefined> {
  const { rtol, atol } = toleranceOf(kernelCase);
  for (const name of differentiated(kernelCase)) {
    const gradient = await read(device, inputs[name]!.grad!);
    const difference = compare(`d${name}`, gradient, expected[name]!, { rtol: 10 * rtol, atol: 10 * atol });
    if (difference) return difference;
  }
  return undefined;
}

const toleranceOf = ({ tolerance }: KernelCase): { rtol: number; atol: number } => tolerance ?? { rtol: 1e-4, atol: 1e-5 };
