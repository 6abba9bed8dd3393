import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { release, tensor, type Tensor } from "../engine/tensor.ts";
import type { KernelCase } from "../kernels/case.ts";
import { cotangent, differentiated, placeInputs, releaseInputs } from "../kernels/case_data.ts";
import { findDifference } from "./check_case.ts";
import { elapsed, timeCalls, type TimeBudget, type Timing } from "./time_calls.ts";

export interface CaseTiming extends Timing {
  /** Milliseconds of the very first call, on a device without pipelines: reading and compiling the shaders is in it. */
  readonly firstMs: number;
}

export type CaseOutcome =
  | { readonly status: "timed"; readonly forward: CaseTiming; /** null: the operation has no gradients. */ readonly forwardBackward: CaseTiming | null }
  | { readonly status: "wrong" | "failed"; readonly problem: string };

export type Phase = "compiling" | "checking" | "timing forward" | "timing forward + backward";

/** Times a case on a fresh device; one whose results differ from the reference is not timed. */
export async function timeCase(device: Device, kernelCase: KernelCase, budget: TimeBudget, onPhase: (phase: Phase) => void): Promise<CaseOutcome> {
  const inputs = placeInputs(device, kernelCase);
  let dy: Tensor | undefined;

  const forward = (): Tensor => onTape(device, false, (tape) => kernelCase.run(tape, inputs));
  const forwardBackward = (): void => {
    onTape(device, true, (tape) => {
      const y = kernelCase.run(tape, inputs);
      tape.backward(y, dy);
      return y;
    });
  };

  try {
    onPhase("compiling");
    await device.finish(); // the inputs' upload is not part of the first call
    let shape: readonly number[] = [];
    const firstForward = await elapsed(device, () => void ({ shape } = forward()));
    const trains = differentiated(kernelCase).length > 0;
    if (trains) dy = tensor(device, Float32Array.from(cotangent(shape).data), shape);
    await device.finish();
    const firstBackward = trains ? await elapsed(device, forwardBackward) : 0;

    onPhase("checking");
    const problem = await findDifference(device, kernelCase);
    if (problem !== undefined) return { status: "wrong", problem };

    onPhase("timing forward");
    const forwardTiming = { ...(await timeCalls(device, forward, budget)), firstMs: firstForward };
    if (!trains) return { status: "timed", forward: forwardTiming, forwardBackward: null };
    onPhase("timing forward + backward");
    return { status: "timed", forward: forwardTiming, forwardBackward: { ...(await timeCalls(device, forwardBackward, budget)), firstMs: firstBackward } };
  } finally {
    if (dy) release(dy);
    releaseInputs(inputs);
  }
}

/** One call: its tape ends at once, so that the next call gets the same buffers. */
function onTape(device: Device, grad: boolean, body: (tape: Tape) => Tensor): Tensor {
  const tape = new Tape(device, { grad, training: true });
  try {
    return body(tape);
  } finally {
    tape.end();
  }
}
