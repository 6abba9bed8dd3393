import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import { release, type Tensor } from "../../../engine/tensor.ts";
import { emptyTensor, tensor } from "../../../engine/transfer.ts";
import { choicesWithin, withVariant } from "../../case_choices.ts";
import type { ClockName } from "../../clock.ts";
import { defaultBudget, timeCalls, type TimeBudget, type Timing } from "../../time_calls.ts";
import type { Cost, LargeCase, LargeInput, Spots, Values } from "./case.ts";
import { fillRandom, randomValue, type Range } from "./random_values.ts";
import { differenceAt } from "./spot_check.ts";

export interface LargeResult {
  readonly name: string;
  readonly bound: LargeCase["bound"];
  readonly forward?: PassResult;
  readonly both?: PassResult;
  /** Milliseconds of the forward pass with each variant of its choices; a string says what is wrong with one. */
  readonly variants?: Readonly<Record<string, number | string>>;
  readonly problem?: string;
}

export interface PassResult extends Pick<Timing, "medianMs" | "spreadMs" | "clock">, Cost {
  readonly gigabytesPerSecond: number;
  readonly gflopsPerSecond: number;
}

const VARIANT_BUDGET: TimeBudget = { ...defaultBudget, time: 150, warmup: 30, samples: 3 };
const USUAL: Range = { scale: 1, offset: 0 };

/**
 * Checks a case at some elements, then times it: the usual variants forward and with backward, every other one forward
 * only.
 */
export async function measureCase(device: Device, large: LargeCase, clock: ClockName): Promise<LargeResult> {
  const { name, bound } = large;
  const inputs = Object.fromEntries(
    Object.entries(large.inputs).map(([name, input]) => [name, place(device, name, input)]),
  );
  let dy: Tensor | undefined;
  const forward = (): void => onTape(device, false, (tape) => void large.run(tape, inputs));
  const both = (): void => onTape(device, true, (tape) => tape.backward(large.run(tape, inputs), dy));
  try {
    dy = large.both && makeCotangent(device, large, inputs);
    const spots = large.spots(valuesOf(large, dy?.dtype === "f16"));
    const check = () => findDifference(device, large, inputs, dy, spots);
    const problem = await check();
    if (problem !== undefined) return { name, bound, problem };
    const time = async (call: () => void, cost: Cost): Promise<PassResult> =>
      rated(await timeCalls(device, call, defaultBudget, clock), cost);
    const timed = {
      forward: await time(forward, large.forward),
      ...(large.both && { both: await time(both, large.both) }),
    };
    return { name, bound, ...timed, variants: await timeVariants(device, check, forward, clock) };
  } catch (error) {
    return { name, bound, problem: (error as Error).message };
  } finally {
    for (const x of [...Object.values(inputs), ...(dy ? [dy] : [])]) release(x);
    device.trim();
  }
}

function place(device: Device, name: string, { shape, range = USUAL, half, integers }: LargeInput): Tensor {
  if (integers)
    return tensor(
      device,
      Int32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => integers(i)),
      shape,
    );
  const x = emptyTensor(device, shape, half ? "f16" : "f32", { needsGrad: true });
  fillRandom(device, x, name, range);
  return x;
}

/** The gradient that backward starts from, of the output's shape and type. */
function makeCotangent(device: Device, large: LargeCase, inputs: Readonly<Record<string, Tensor>>): Tensor {
  let y: Tensor | undefined;
  onTape(device, false, (tape) => void (y = large.run(tape, inputs)));
  const dy = emptyTensor(device, y!.shape, y!.dtype);
  fillRandom(device, dy, "dy", USUAL);
  return dy;
}

const valuesOf =
  ({ inputs }: LargeCase, halfGradient: boolean): Values =>
  (name) =>
    randomValue(name, name === "dy" ? halfGradient : inputs[name]?.half === true, inputs[name]?.range ?? USUAL);

/**
 * Returns what is wrong with the output or a gradient. New tensors are filled with NaN first, so that elements no kernel
 * writes show.
 */
async function findDifference(
  device: Device,
  large: LargeCase,
  inputs: Readonly<Record<string, Tensor>>,
  dy: Tensor | undefined,
  spots: readonly Spots[],
): Promise<string | undefined> {
  device.poison = true;
  const tape = new Tape(device, { grad: dy !== undefined, training: true });
  try {
    const y = large.run(tape, inputs);
    for (const spot of spots.filter(({ of }) => of === "y")) {
      const difference = await differenceAt(device, y, spot);
      if (difference !== undefined) return difference;
    }
    if (!dy) return undefined;
    tape.backward(y, dy);
    for (const spot of spots.filter(({ of }) => of !== "y")) {
      const difference = await differenceAt(device, tape.gradientOf(inputs[spot.of]!), spot);
      if (difference !== undefined) return difference;
    }
    return undefined;
  } finally {
    tape.end();
    device.poison = false;
  }
}

async function timeVariants(
  device: Device,
  check: () => Promise<string | undefined>,
  forward: () => void,
  clock: ClockName,
): Promise<Record<string, number | string>> {
  const results: Record<string, number | string> = {};
  for (const { operation, sizes, fitting } of choicesWithin(device, forward))
    for (const variant of fitting.length > 1 ? fitting : []) {
      const timed = async (): Promise<number | string> =>
        (await check()) ?? (await timeCalls(device, forward, VARIANT_BUDGET, clock)).medianMs;
      results[`${operation} ${variant}`] = await withVariant(device, { operation, sizes, variant }, timed).catch(
        (error: Error) => error.message,
      );
    }
  return results;
}

function onTape(device: Device, grad: boolean, body: (tape: Tape) => void): void {
  const tape = new Tape(device, { grad, training: true });
  try {
    body(tape);
  } finally {
    tape.end();
  }
}

const rated = ({ medianMs, spreadMs, clock }: Timing, { flops, bytes }: Cost): PassResult => ({
  medianMs,
  spreadMs,
  clock,
  flops,
  bytes,
  gigabytesPerSecond: bytes / medianMs / 1e6,
  gflopsPerSecond: flops / medianMs / 1e6,
});
