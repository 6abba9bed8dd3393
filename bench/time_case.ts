import type { Device } from "../engine/device.ts";
import { Traffic } from "../engine/traffic.ts";
import { describeChoice, type MadeChoice } from "../engine/tuning/tuner.ts";
import type { KernelCase } from "../kernels/case.ts";
import { choicesWithin, withVariant } from "./case_choices.ts";
import { CaseRuns } from "./case_runs.ts";
import { checkCase } from "./check_case.ts";
import { elapsed, type ClockName } from "./clock.ts";
import type { LargestError } from "./report/compare.ts";
import { Expectation } from "./expectation.ts";
import type { CaseChoice, PassTiming } from "./report/schema.ts";
import { timeCalls, type TimeBudget } from "./time_calls.ts";

export type CaseOutcome =
  | {
      readonly status: "timed";
      readonly copies: number;
      readonly accuracy: LargestError;
      readonly forward: PassTiming;
      /** null: the operation has no gradients. */
      readonly forwardBackward: PassTiming | null;
      readonly choices: CaseChoice[];
    }
  | { readonly status: "wrong" | "failed"; readonly problem: string };

export type Phase =
  "compiling" | "checking" | "timing forward" | "timing forward + backward" | `timing variant ${string}`;

export interface CaseOptions {
  readonly budget: TimeBudget;
  readonly clock: ClockName;
  /** Also time every variant that fits, each after comparing it with the reference. */
  readonly variants: boolean;
  readonly onPhase: (phase: Phase) => void;
}

/** To rank variants, a third of the usual time per number. */
const ranking = ({ time, samples, warmup, sample }: TimeBudget): TimeBudget => ({
  time: time / 3,
  samples: Math.ceil(samples / 2),
  warmup: warmup / 3,
  sample,
});

/** Times a case on a fresh device; one whose results differ from the reference is not timed. */
export async function timeCase(
  device: Device,
  kernelCase: KernelCase,
  { budget, clock, variants, onPhase }: CaseOptions,
): Promise<CaseOutcome> {
  const runs = new CaseRuns(device, kernelCase);
  const trains = runs.differentiates;
  const forward = (): void => runs.forward();
  const forwardBackward = (): void => runs.forwardBackward();
  try {
    onPhase("compiling");
    await device.finish(); // the inputs' upload is not part of the first call
    const firstForward = await elapsed(device, forward);
    if (trains) runs.prepareBackward();
    await device.finish();
    const firstBackward = trains ? await elapsed(device, forwardBackward) : 0;

    onPhase("checking");
    const expectation = new Expectation(kernelCase);
    const { problem, largest: accuracy } = await checkCase(device, kernelCase, [], expectation);
    if (problem !== undefined) return { status: "wrong", problem };

    const choices = choicesOf(device, forward, trains ? forwardBackward : undefined);
    const traffic = {
      forward: trafficOf(device, forward),
      backward: trains ? trafficOf(device, forwardBackward) : undefined,
    };
    runs.multiply();
    const time = (call: () => void, within = budget) => timeCalls(device, call, within, clock, runs.copies);
    onPhase("timing forward");
    const forwardTiming = { ...(await time(forward)), firstMs: firstForward, ...traffic.forward };
    if (trains) onPhase("timing forward + backward");
    const backwardTiming = trains
      ? { ...(await time(forwardBackward)), firstMs: firstBackward, ...traffic.backward! }
      : null;
    if (variants) {
      for (const choice of choices)
        for (const variant of choice.fitting.length > 1 ? choice.fitting : []) {
          onPhase(`timing variant ${variant}`);
          const { operation, sizes } = choice;
          choice.variants.push(
            await withVariant(device, { operation, sizes, variant }, async () => {
              const { problem, largest: accuracy } = await checkCase(device, kernelCase, [], expectation);
              if (problem !== undefined) return { name: variant, problem };
              return {
                name: variant,
                accuracy,
                ...(await time(choice.pass === "forward" ? forward : forwardBackward, ranking(budget))),
              };
            }),
          );
        }
    }
    return {
      status: "timed",
      copies: runs.copies,
      accuracy,
      forward: forwardTiming,
      forwardBackward: backwardTiming,
      choices: choices.map(({ operation, sizes, pass, chosen, variants }) => ({
        operation,
        sizes,
        pass,
        chosen,
        variants,
      })),
    };
  } finally {
    runs.release();
  }
}

/** The choices made in the forward pass, then those made only in the backward pass. */
function choicesOf(
  device: Device,
  forward: () => void,
  forwardBackward: (() => void) | undefined,
): (CaseChoice & MadeChoice)[] {
  const inForward = choicesWithin(device, forward);
  const known = new Set(inForward.map(describeChoice));
  const inBackward = forwardBackward
    ? choicesWithin(device, forwardBackward).filter((choice) => !known.has(describeChoice(choice)))
    : [];
  const ofPass = (pass: CaseChoice["pass"]) => (choice: MadeChoice) => ({ ...choice, pass, variants: [] });
  return [...inForward.map(ofPass("forward")), ...inBackward.map(ofPass("backward"))];
}

function trafficOf(device: Device, call: () => void): Pick<PassTiming, "movedBytes" | "dispatches" | "shaders"> {
  const traffic = (device.traffic = new Traffic());
  try {
    call();
    return { movedBytes: traffic.bytes, dispatches: traffic.dispatches, shaders: [...traffic.shaders] };
  } finally {
    device.traffic = undefined;
  }
}
