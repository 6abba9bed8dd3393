import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { MadeChoice, Overrule } from "../engine/tuner.ts";
import type { KernelCase } from "../kernels/case.ts";
import { differentiated } from "../kernels/case_data.ts";

type Inputs = Readonly<Record<string, Tensor>>;

/** The choices between variants that a case makes, forward and backward. Encodes one run of it. */
export function caseChoices(device: Device, kernelCase: KernelCase, inputs: Inputs): MadeChoice[] {
  const tape = new Tape(device, { grad: true, training: true });
  try {
    return device.tuner.during(() => {
      const y = kernelCase.run(tape, inputs);
      if (differentiated(kernelCase).length > 0) tape.backward(y, tape.filled(y.shape, 1, y.dtype));
    });
  } finally {
    tape.end();
  }
}

/** Runs `body` with a variant named, wherever it fits, and goes back to the usual choice after it. */
export async function withVariant<T>(device: Device, overrule: Overrule, body: () => Promise<T>): Promise<T> {
  device.tuner.overrule([overrule]);
  try {
    return await body();
  } finally {
    device.tuner.overrule([]);
  }
}
