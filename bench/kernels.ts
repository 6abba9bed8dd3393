import type { AdapterDescription } from "../engine/adapter.ts";
import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import type { KernelCase } from "../kernels/case.ts";
import { chooseClock } from "./choose_clock.ts";
import type { FoundOperations } from "./operations.ts";
import type { KernelReport, KernelResult } from "./report/schema.ts";
import { measureRoof, type MeasuredRoof } from "./roofline/measure_roof.ts";
import { shareOfRoof, type Roof } from "./roofline/roof.ts";
import { defaultBudget, type TimeBudget } from "./time_calls.ts";
import { timeCase, type CaseOptions, type CaseOutcome, type Phase } from "./time_case.ts";

export interface Selection {
  /** Only cases whose "operation: case" contains this, ignoring case. */
  readonly filter?: string | undefined;
  /** The small cases of the tests as well. */
  readonly all?: boolean | undefined;
}

export interface KernelBenchOptions extends Selection {
  /** Opens a new device for each case, so that none inherits pipelines, buffers or errors from the one before. */
  readonly open: () => Promise<Device>;
  readonly budget?: TimeBudget;
  /** Known measurements of the device, if it need not be measured again. */
  readonly measured?: DeviceMeasurements | undefined;
  /** Also time every variant that fits a case. */
  readonly variants?: boolean | undefined;
  readonly onProgress?: (progress: BenchProgress) => void;
}

/** The device's clock, and its limits against which the cases are measured. */
export interface DeviceMeasurements {
  readonly adapter: AdapterDescription;
  readonly clock: KernelReport["clock"];
  readonly roof: MeasuredRoof;
}

export interface BenchProgress {
  /** Cases finished, and in all. */
  readonly done: number;
  readonly total: number;
  /** "operation: case"; either its `phase` begins or its `outcome` is known. */
  readonly label: string;
  readonly phase?: Phase | "measuring";
  readonly outcome?: CaseOutcome;
  /** With the outcome: as it will be in the report. */
  readonly result?: KernelResult;
}

export interface SelectedCase {
  readonly operation: string;
  readonly kernelCase: KernelCase;
}

export interface SelectedCases {
  readonly cases: readonly SelectedCase[];
  readonly broken: FoundOperations["broken"];
}

/** The cases to time, and the operations that cannot be loaded. Throws UserError when nothing is selected. */
export function selectCases(found: FoundOperations, selection: Selection): SelectedCases {
  const matches = (label: string): boolean => label.toLowerCase().includes((selection.filter ?? "").toLowerCase());
  const broken = found.broken.filter(({ operation }) => matches(operation));
  const cases = found.operations.flatMap(({ operation, cases }) =>
    cases
      .filter((c) => (selection.all || c.benchmark) && matches(`${operation}: ${c.name}`))
      .map((kernelCase) => ({ operation, kernelCase })),
  );
  if (cases.length + broken.length === 0) throw new UserError(nothingSelected(found, selection));
  return { cases, broken };
}

/**
 * Measures the device's roof, then compares every selected case with its reference and times it. Never throws for a
 * single case: its result says what is wrong or failed. Throws UserError when nothing is selected.
 */
export async function benchKernels(
  found: FoundOperations,
  options: KernelBenchOptions,
): Promise<KernelReport & { adapter: AdapterDescription }> {
  const { open, budget = defaultBudget, variants = false, onProgress = () => undefined } = options;
  const { cases, broken } = selectCases(found, options);
  const total = cases.length;

  onProgress({ done: 0, total, label: "the device's own copy and multiply-add", phase: "measuring" });
  const { adapter, clock, roof } = options.measured ?? (await measureDevice(open));

  const results: KernelResult[] = broken.map(({ operation, problem }) => ({
    operation,
    case: null,
    status: "failed",
    problem,
  }));
  for (const [done, { operation, kernelCase }] of cases.entries()) {
    const label = `${operation}: ${kernelCase.name}`;
    const onPhase = (phase: Phase): void => onProgress({ done, total, label, phase });
    const outcome = await timeAlone(open, kernelCase, { budget, clock: clock.name, variants, onPhase });
    const result = { operation, case: kernelCase.name, ...withRates(outcome, kernelCase, roof) };
    results.push(result);
    onProgress({ done: done + 1, total, label, outcome, result });
  }
  return { adapter, clock, roof, results };
}

/** Chooses the device's clock and measures its limits by it. */
export async function measureDevice(open: () => Promise<Device>): Promise<DeviceMeasurements> {
  const device = await open();
  try {
    const clock = await chooseClock(device);
    return { adapter: device.info, clock, roof: await measureRoof(device, clock.name) };
  } finally {
    device.close();
  }
}

async function timeAlone(
  open: () => Promise<Device>,
  kernelCase: KernelCase,
  options: CaseOptions,
): Promise<CaseOutcome> {
  const device = await open();
  try {
    return await timeCase(device, kernelCase, options);
  } catch (error) {
    return { status: "failed", problem: error instanceof Error ? error.message : String(error) };
  } finally {
    device.close();
  }
}

type WithoutName<T> = T extends unknown ? Omit<T, "operation" | "case"> : never;

/** Adds rates, from the case's arithmetic and the least bytes it must move. */
function withRates(outcome: CaseOutcome, { flops, bytes }: KernelCase, roof: Roof): WithoutName<KernelResult> {
  if (outcome.status !== "timed") return outcome;
  const { medianMs } = outcome.forward;
  const nanoseconds = medianMs * 1e6; // 1 per nanosecond is 1e9 per second
  const rates = {
    gflopsPerSecond: flops / nanoseconds,
    gigabytesPerSecond: bytes / nanoseconds,
    roofShare: shareOfRoof({ flops, bytes }, medianMs, roof),
  };
  return { ...outcome, flops, bytes, forward: { ...outcome.forward, ...rates } };
}

function nothingSelected({ operations, broken }: FoundOperations, { filter, all }: Selection): string {
  const names = [...operations, ...broken]
    .map(({ operation }) => operation)
    .sort()
    .join(", ");
  return `--filter: no ${all ? "" : "benchmark "}case contains '${filter ?? ""}'; the operations are ${names}`;
}
