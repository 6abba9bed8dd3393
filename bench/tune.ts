// Measures the variants of every choice made by the benchmark cases, for `unfold bench --tune`:
//
//     const table = await tune(await loadOperations(), { open: () => openDevice({ tuned: false, … }), command, onProgress });
//     writeTable(ownTablePath(table.adapter), table);
//
// Training only reads the table. A choice in a case's forward pass is timed by that pass alone, a choice in its backward
// pass by both passes: the numbers rank the variants of one choice and mean nothing beyond that.
import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { tunedMachine } from "../engine/host/node.ts";
import type { TunedEntry, TunedTable } from "../engine/tuning/tuned_table.ts";
import { describeChoice, type MadeChoice } from "../engine/tuning/tuner.ts";
import type { KernelCase } from "../kernels/case.ts";
import { placeInputs, releaseInputs } from "../kernels/case_data.ts";
import { caseChoices, choicesWithin, runCase, withVariant } from "./case_choices.ts";
import { findDifference } from "./check_case.ts";
import { elapsed } from "./clock.ts";
import { Expectation } from "./expectation.ts";
import type { FoundOperations } from "./operations.ts";

export interface TuneOptions {
  /**
   * Opens a device that reads no table: one for all cases, and a new one after each failed case, which may have broken
   * it.
   */
  readonly open: () => Promise<Device>;
  /** Only cases whose "operation: case" contains this, ignoring case. */
  readonly filter?: string | undefined;
  /** What the user typed, for the table's reader. */
  readonly command: string;
  readonly budget?: TuneBudget;
  readonly onProgress?: (progress: TuneProgress) => void;
  /** Called after each case with the table so far, in case the end is never reached. */
  readonly onTable?: (table: TunedTable) => void;
}

export interface TuneProgress {
  /** Cases finished, and in all. */
  readonly done: number;
  readonly total: number;
  /** The choice just measured: "matmul (rows 512, …)". */
  readonly choice?: string;
  /** Milliseconds by variant; null for one that gave wrong results and is left out. */
  readonly ms?: Readonly<Record<string, number | null>>;
  /** Why the rest of a case could not be measured, such as a shader that does not compile on this adapter. */
  readonly problem?: string;
}

/** How long to measure a choice. */
export interface TuneBudget {
  /** Samples of each variant, in turns, so that what else the machine does hits all of them. */
  readonly rounds: number;
  /** Milliseconds of a sample, which has as many calls as fill it. */
  readonly sample: number;
}

const BUDGET: TuneBudget = { rounds: 7, sample: 15 };

/** A variant whose fastest of three calls takes this many times another's is not measured further. */
const HOPELESS = 3;

const MOST_CALLS = 300;

/**
 * Times all fitting variants of each choice, after comparing each with the case's reference. Choices without an
 * alternative are left out; a case that fails is reported to `onProgress` and the others continue.
 */
export async function tune(found: FoundOperations, options: TuneOptions): Promise<TunedTable> {
  const {
    open,
    filter = "",
    command,
    budget = BUDGET,
    onProgress = () => undefined,
    onTable = () => undefined,
  } = options;
  const selected = found.operations.flatMap(({ operation, cases }) =>
    cases
      .map((kernelCase) => ({ kernelCase, label: `${operation}: ${kernelCase.name}` }))
      .filter(({ kernelCase, label }) => kernelCase.benchmark && label.toLowerCase().includes(filter.toLowerCase())),
  );
  if (selected.length === 0) throw new UserError(`--filter: no benchmark case contains '${filter}'`);
  const operations: Record<string, TunedEntry[]> = {};
  const seen = new Set<string>();
  let device = await open();
  const adapter = tunedMachine(device.info);
  const { description: driver } = device.info;
  const table = (): TunedTable => ({ adapter, driver, date: new Date().toISOString(), command, operations });
  for (const [done, { kernelCase, label: caseLabel }] of selected.entries()) {
    try {
      for (const halves of device.features.has("shader-f16") && kernelCase.half ? [[], kernelCase.half] : [[]])
        await tuneCase(device, kernelCase, halves, budget, async (choice, measure) => {
          const label = describeChoice(choice);
          if (choice.fitting.length < 2 || seen.has(label)) return;
          seen.add(label);
          const ms = await measure();
          onProgress({ done, total: selected.length, choice: label, ms });
          const right = Object.fromEntries(
            Object.entries(ms).flatMap(([name, value]) =>
              value === null ? [] : [[name, Number(value.toPrecision(4))]],
            ),
          );
          if (Object.keys(right).length > 0)
            (operations[choice.operation] ??= []).push({ sizes: choice.sizes, ms: right });
        });
      await device.finish(); // so that this case's errors do not hit the next one
      device.trim(); // the next case needs buffers of other sizes
      onProgress({ done: done + 1, total: selected.length });
    } catch (error) {
      // Keep what is measured so far and continue with the other cases.
      onProgress({
        done: done + 1,
        total: selected.length,
        problem: `${caseLabel}: ${error instanceof Error ? error.message : String(error)}`,
      });
      device.close();
      device = await open();
    }
    onTable(table());
  }
  device.close();
  return table();
}

type Measured = Record<string, number | null>;

async function tuneCase(
  device: Device,
  kernelCase: KernelCase,
  halves: readonly string[],
  budget: TuneBudget,
  visit: (choice: MadeChoice, measure: () => Promise<Measured>) => Promise<void>,
): Promise<void> {
  const expectation = new Expectation(kernelCase, halves);
  const inputs = placeInputs(device, kernelCase, expectation.inputs, halves);
  try {
    const inForward = choicesWithin(device, () => runCase(device, kernelCase, inputs, false)).map(describeChoice);
    for (const choice of caseChoices(device, kernelCase, inputs)) {
      const backward = !inForward.includes(describeChoice(choice));
      const call = (): void => runCase(device, kernelCase, inputs, backward);
      await visit(choice, async () => {
        const once: Measured = {};
        for (const variant of choice.fitting)
          once[variant] = await withVariant(device, { ...choice, variant }, async () => {
            if ((await findDifference(device, kernelCase, halves, expectation)) !== undefined) return null;
            await elapsed(device, call); // compiles what only this variant needs
            return Math.min(await elapsed(device, call), await elapsed(device, call), await elapsed(device, call));
          });
        return fastest(device, choice, once, call, budget);
      });
    }
  } finally {
    releaseInputs(inputs);
  }
}

/**
 * The least milliseconds per call of each variant over rounds in which they take turns. Other work on the machine only ever adds to
 * a time, so the least is the one to compare; a median of a few samples in a row has ranked variants by the neighbours' load.
 *
 * @param once the milliseconds of a single call of each variant, null for a wrong one
 */
async function fastest(
  device: Device,
  choice: MadeChoice,
  once: Measured,
  call: () => void,
  { rounds, sample }: TuneBudget,
): Promise<Measured> {
  const ms = { ...once };
  const single = Math.min(...Object.values(once).map((time) => time ?? Infinity));
  const hopeful = Object.entries(once).filter(([, time]) => time !== null && time <= HOPELESS * single);
  for (let round = 0; round < rounds; round++)
    for (const [variant, time] of hopeful)
      await withVariant(device, { ...choice, variant }, async () => {
        const calls = Math.max(1, Math.min(MOST_CALLS, Math.ceil(sample / time!)));
        ms[variant] = Math.min(ms[variant]!, (await elapsed(device, call, calls)) / calls);
      });
  return ms;
}
