import type { ProfiledDispatch } from "../../engine/profiler.ts";

/** A span of host time, in milliseconds of `performance.now()`. */
export interface HostSpan {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
  readonly step: number;
}

export interface StepDispatch extends ProfiledDispatch {
  readonly step: number;
}

/** An event of the trace format read by chrome://tracing, Perfetto and speedscope; times are in microseconds. */
export type TraceEvent =
  | {
      readonly ph: "M";
      readonly name: "process_name" | "thread_name";
      readonly pid: number;
      readonly tid: number;
      readonly ts: 0;
      readonly args: { readonly name: string };
    }
  | {
      /** A complete event: begin and duration in one. */
      readonly ph: "X";
      readonly name: string;
      readonly cat: "host" | "device";
      readonly pid: number;
      readonly tid: number;
      readonly ts: number;
      readonly dur: number;
      readonly args: Readonly<Record<string, string | number>>;
    };

export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

const PID = 1;
const [HOST, DEVICE] = [1, 2];

/**
 * A trace with one track for the host's phases and one for the device's kernels, on a common time axis that starts with
 * the first phase. Events are sorted by start; on the device's track none overlaps the one before.
 *
 * The two clocks have no common zero. No dispatch begins before it is submitted, and the one that began soonest after its
 * submission found the device idle, so that one sets the device's clock.
 */
export function chromeTrace(
  host: readonly HostSpan[],
  dispatches: readonly StepDispatch[],
  adapter: string,
): ChromeTrace {
  const start = Math.min(...host.map(({ begin }) => begin));
  const offset = dispatches.reduce(
    (most, { submitted, begin }) => Math.max(most, (submitted - start) * 1e3 - begin / 1e3),
    -Infinity,
  );
  const spans = host.map(({ name, begin, end, step }): TraceEvent =>
    event(name, "host", (begin - start) * 1e3, (end - start) * 1e3, { step }),
  );
  let free = 0;
  const kernels = dispatches.map(({ label, scope, begin, end, step }): TraceEvent => {
    // Kernels that do not depend on each other may overlap on a GPU, which a track cannot show.
    const [from, to] = [Math.max(free, begin / 1e3 + offset), Math.max(free, end / 1e3 + offset)];
    free = to;
    return event(label, "device", from, to, { step, part: scope });
  });
  return { displayTimeUnit: "ms", traceEvents: [...trackNames(adapter), ...[...spans, ...kernels].sort(byTime)] };
}

const event = (
  name: string,
  cat: "host" | "device",
  from: number,
  to: number,
  args: Record<string, string | number>,
): TraceEvent => ({
  ph: "X",
  name,
  cat,
  pid: PID,
  tid: cat === "host" ? HOST : DEVICE,
  ts: microseconds(from),
  dur: microseconds(to - from),
  args,
});

/** Rounded to the nanosecond. */
const microseconds = (value: number): number => Math.round(value * 1e3) / 1e3;

/** By start; of two events with the same start the longer one comes first, as it encloses the other. */
const byTime = (a: TraceEvent, b: TraceEvent): number => a.ts - b.ts || durationOf(b) - durationOf(a);
const durationOf = (e: TraceEvent): number => (e.ph === "X" ? e.dur : 0);

const trackNames = (adapter: string): TraceEvent[] => [
  { ph: "M", name: "process_name", pid: PID, tid: HOST, ts: 0, args: { name: "unfold train" } },
  { ph: "M", name: "thread_name", pid: PID, tid: HOST, ts: 0, args: { name: "host" } },
  { ph: "M", name: "thread_name", pid: PID, tid: DEVICE, ts: 0, args: { name: adapter } },
];
