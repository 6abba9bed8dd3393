import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { MadeChoice, Overrule } from "../engine/tuning/tuner.ts";
import type { KernelCase } from "../kernels/case.ts";
import { differentiated } from "../kernels/case_data.ts";

type Inputs = Readonly<Record<string, Tensor>>;

/** Encodes one run of a case, with its backward pass (from a gradient of ones) if asked and if it has gradients. */
export function runCase(device: Device, kernelCase: KernelCase, inputs: Inputs, backward: boolean): void {
  const grad = backward && differentiated(kernelCase).length > 0;
  const tape = new Tape(device, { grad, training: true });
  try {
    const y = kernelCase.run(tape, inputs);
    if (grad) tape.backward(y, tape.filled(y.shape, 1, y.dtype));
  } finally {
    tape.end();
  }
}

/** The choices between variants made while encoding. */
export const choicesWithin = (device: Device, encode: () => void): MadeChoice[] => device.tuner.during(encode);

/** The choices between variants that a case makes, forward and backward. */
export const caseChoices = (device: Device, kernelCase: KernelCase, inputs: Inputs): MadeChoice[] =>
  choicesWithin(device, () => runCase(device, kernelCase, inputs, true));

/** Runs `body` with one variant forced wherever it fits, then returns to the usual choice. */
export async function withVariant<T>(device: Device, overrule: Overrule, body: () => Promise<T>): Promise<T> {
  device.tuner.overrule([overrule]);
  try {
    return await body();
  } finally {
    device.tuner.overrule([]);
  }
}
