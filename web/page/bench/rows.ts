import { labelOf } from "../../../bench/report/format.ts";
import type { KernelReport, KernelResult } from "../../../bench/report/schema.ts";

/** A case, as this device and others had it. */
export interface Row {
  readonly label: string;
  readonly operation: string;
  readonly name: string;
  /** On this device; undefined if it was not timed here. */
  readonly own: KernelResult | undefined;
  /** In each loaded report. */
  readonly others: readonly (KernelResult | undefined)[];
}

/** Cases that any of the reports has: this device's first, in its order. */
export function rowsOf(own: readonly KernelResult[], others: readonly KernelReport[]): Row[] {
  const [mine, ...theirs] = [own, ...others.map(({ results }) => results)].map(
    (results) => new Map(results.map((result) => [labelOf(result), result])),
  ) as [Map<string, KernelResult>, ...Map<string, KernelResult>[]];
  const first = new Map([...theirs.toReversed(), mine].flatMap((results) => [...results]));
  const labels = new Set([mine, ...theirs].flatMap((results) => [...results.keys()]));
  return [...labels].map((label) => {
    const { operation, case: name } = first.get(label) as KernelResult;
    const found = theirs.map((results) => results.get(label));
    return { label, operation, name: name ?? "", own: mine.get(label), others: found };
  });
}

/** The variants of the forward pass, or of the backward pass if only that has some. */
export function variantOf(result: KernelResult): string {
  if (result.status !== "timed") return "";
  const of = (pass: "forward" | "backward"): string[] =>
    result.choices.filter((choice) => choice.pass === pass).map(({ chosen }) => chosen);
  const forward = of("forward");
  return [...new Set(forward.length > 0 ? forward : of("backward"))].join(", ");
}

/** How much longer a sample is than the clock's step: the least of all results; undefined if the step is not known. */
export function leastSteps({ clock, results }: Pick<KernelReport, "clock" | "results">): number | undefined {
  const step = clock.stepNanoseconds;
  if (!step) return undefined;
  const steps = results.flatMap((result) =>
    result.status === "timed"
      ? [result.forward, ...(result.forwardBackward ? [result.forwardBackward] : [])].map(
          ({ callsPerSample, medianMs }) => (callsPerSample * medianMs * 1e6) / step,
        )
      : [],
  );
  return steps.length > 0 ? Math.floor(Math.min(...steps)) : undefined;
}
