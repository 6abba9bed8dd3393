import type { AdapterDescription } from "../engine/adapter.ts";
import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import type { KernelCase } from "../kernels/case.ts";
import type { FoundOperations } from "./operations.ts";
import { defaultBudget, type TimeBudget } from "./time_calls.ts";
import { timeCase, type CaseOutcome, type CaseTiming, type Phase } from "./time_case.ts";

export interface Selection {
  /** Only cases whose "operation: case" contains this, in any case of letters. */
  readonly filter?: string | undefined;
  /** The small cases of the tests as well. */
  readonly all?: boolean | undefined;
}

export interface KernelBenchOptions extends Selection {
  /** A new device for each case, so that none finds pipelines, buffers or errors of the one before. */
  readonly open: () => Promise<Device>;
  readonly budget?: TimeBudget;
  readonly onProgress?: (progress: BenchProgress) => void;
}

export interface BenchProgress {
  /** Cases finished, and in all. */
  readonly done: number;
  readonly total: number;
  /** "operation: case", of which either `phase` begins or `outcome` is there. */
  readonly label: string;
  readonly phase?: Phase;
  readonly outcome?: CaseOutcome;
}

export type KernelResult = { readonly operation: string; readonly case: string | null } & Measured;

type Measured =
  | Exclude<CaseOutcome, { status: "timed" }>
  | { readonly status: "timed"; readonly flops: number; readonly bytes: number; readonly forward: ForwardTiming; readonly forwardBackward: CaseTiming | null };

/** Rates follow from the case's arithmetic and the bytes it must move at least. */
export interface ForwardTiming extends CaseTiming {
  readonly gflopsPerSecond: number;
  readonly gigabytesPerSecond: number;
}

export interface KernelReport {
  readonly adapter: AdapterDescription;
  readonly results: readonly KernelResult[];
}

/**
 * Times every selected case against the clock of the host, after comparing it with its reference. Never throws for a
 * single case: what is wrong or fails is in its result. Throws UserError when nothing is selected.
 */
export async function benchKernels(found: FoundOperations, options: KernelBenchOptions): Promise<KernelReport> {
  const { open, budget = defaultBudget, onProgress = () => undefined } = options;
  const matches = (label: string): boolean => label.toLowerCase().includes((options.filter ?? "").toLowerCase());
  const broken = found.broken.filter(({ operation }) => matches(operation));
  const selected = found.operations.flatMap(({ operation, cases }) =>
    cases.filter((c) => (options.all || c.benchmark) && matches(`${operation}: ${c.name}`)).map((kernelCase) => ({ operation, kernelCase })),
  );
  const total = selected.length;
  if (total + broken.length === 0) throw new UserError(nothingSelected(found, options));

  const first = await open();
  const adapter = first.info;
  first.close();

  const results: KernelResult[] = broken.map(({ operation, problem }) => ({ operation, case: null, status: "failed", problem }));
  for (const [done, { operation, kernelCase }] of selected.entries()) {
    const label = `${operation}: ${kernelCase.name}`;
    const outcome = await timeAlone(open, kernelCase, budget, (phase) => onProgress({ done, total, label, phase }));
    onProgress({ done: done + 1, total, label, outcome });
    results.push({ operation, case: kernelCase.name, ...measured(outcome, kernelCase) });
  }
  return { adapter, results };
}

async function timeAlone(open: () => Promise<Device>, kernelCase: KernelCase, budget: TimeBudget, onPhase: (phase: Phase) => void): Promise<CaseOutcome> {
  const device = await open();
  try {
    return await timeCase(device, kernelCase, budget, onPhase);
  } catch (error) {
    return { status: "failed", problem: error instanceof Error ? error.message : String(error) };
  } finally {
    device.close();
  }
}

function measured(outcome: CaseOutcome, { flops, bytes }: KernelCase): Measured {
  if (outcome.status !== "timed") return outcome;
  const nanoseconds = outcome.forward.medianMs * 1e6; // 1 per nanosecond is 1e9 per second
  const forward = { ...outcome.forward, gflopsPerSecond: flops / nanoseconds, gigabytesPerSecond: bytes / nanoseconds };
  return { ...outcome, flops, bytes, forward };
}

function nothingSelected({ operations, broken }: FoundOperations, { filter, all }: Selection): string {
  const names = [...operations, ...broken].map(({ operation }) => operation).sort().join(", ");
  return `--filter: no ${all ? "" : "benchmark "}case contains '${filter ?? ""}'; the operations are ${names}`;
}
