import type { AdapterDescription } from "../engine/adapter.ts";
import type { Device } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import { formatDuration } from "../data/text/number_format.ts";
import { benchKernels, selectCases, type Selection } from "./kernels.ts";
import type { FoundOperations } from "./operations.ts";
import { showKernels, showSteps, type BenchDisplay } from "./progress.ts";
import { labelOf } from "./report/format.ts";
import { reportOf } from "./report/report_of.ts";
import type { BenchReport } from "./report/schema.ts";
import { benchStep } from "./steps/step.ts";
import { stepConfigurations } from "./steps/configurations.ts";
import { STEP_METHOD } from "./steps/table.ts";

export type Part = "kernels" | "step" | "all";

export interface BenchPlan extends Selection {
  readonly part: Part;
  readonly variants?: boolean | undefined;
  readonly open: () => Promise<Device>;
  readonly display: BenchDisplay;
  /** May throw to refuse the adapter before anything is measured. */
  readonly onAdapter?: ((adapter: AdapterDescription) => void) | undefined;
  /** What the user typed. */
  readonly command: string;
}

/** Estimates for a software driver on two cores; a GPU takes less. */
const SECONDS_A_CASE = 5;
const SECONDS_A_CASE_WITH_VARIANTS = 12;

/** Runs the requested measurements. Throws UserError when the filter selects nothing in any part. */
export async function runBench(found: FoundOperations, plan: BenchPlan): Promise<BenchReport> {
  const { open, filter, variants, display } = plan;
  const parts = partsOf(found, plan);
  const device = await open();
  const adapter = device.info;
  device.close();
  plan.onAdapter?.(adapter);

  let kernels: BenchReport["kernels"] = null;
  if (parts.includes("kernels")) {
    const { cases } = selectCases(found, plan);
    const seconds = cases.length * (variants ? SECONDS_A_CASE_WITH_VARIANTS : SECONDS_A_CASE);
    display.say(
      `${cases.length} ${cases.length === 1 ? "case" : "cases"} on ${adapter.name}, about ${formatDuration(seconds)} on a software driver`,
    );
    kernels = await benchKernels(found, { ...plan, onProgress: showKernels(display) });
    display.stop();
  }
  const step = parts.includes("step")
    ? (await benchStep({ open, filter, onProgress: showSteps(display) })).results
    : null;
  return reportOf({
    adapter,
    command: plan.command,
    kernels,
    step: step && [...step],
    stepMethod: step ? [STEP_METHOD] : [],
  });
}

/** For `all`, a filter that matches only kernels leaves out the step, and vice versa. */
function partsOf(found: FoundOperations, { part, filter, all }: BenchPlan): ("kernels" | "step")[] {
  if (part === "step") return ["step"];
  const steps =
    part === "all" &&
    (filter === undefined || stepConfigurations.some(({ name }) => name.toLowerCase().includes(filter.toLowerCase())));
  try {
    selectCases(found, { filter, all });
  } catch (error) {
    if (steps) return ["step"];
    throw error;
  }
  return steps ? ["kernels", "step"] : ["kernels"];
}

/** Throws a RunError, for exit code 1, if anything was wrong or failed. */
export function throwUntimed({ kernels, step }: Pick<BenchReport, "kernels" | "step">): void {
  const results = kernels?.results ?? [];
  const paths = (step ?? []).flatMap(({ configuration, paths }) =>
    paths.map(({ status, path }) => ({ status, label: `step ${configuration}: ${path}` })),
  );
  const wrongVariants = results.flatMap((result) =>
    result.status !== "timed"
      ? []
      : result.choices.flatMap(({ variants }) =>
          variants.flatMap((variant) =>
            "problem" in variant ? [`${labelOf(result)} as ${variant.name} (wrong)`] : [],
          ),
        ),
  );
  const untimed = [
    ...results.flatMap((result) => (result.status === "timed" ? [] : [`${labelOf(result)} (${result.status})`])),
    ...wrongVariants,
    ...paths.flatMap(({ status, label }) => (status === "timed" ? [] : [`${label} (${status})`])),
  ];
  if (untimed.length > 0)
    throw new RunError(
      `${untimed.length} of ${results.length + wrongVariants.length + paths.length} not timed: ${untimed.join(", ")}`,
    );
}
