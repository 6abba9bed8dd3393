import { expect, it } from "vitest";
import { chromeTrace, type StepDispatch } from "../../../train/profile/chrome_trace.ts";

const dispatch = (label: string, begin: number, end: number, submitted: number): StepDispatch => ({
  label,
  scope: "layer 1",
  begin,
  end,
  submitted,
  step: 4,
});

it("puts host and device on one axis: nothing begins before it is submitted, and what waited for nothing begins then", () => {
  const host = [
    { name: "encode forward", begin: 1000, end: 1002, step: 4 },
    { name: "step 4", begin: 1000, end: 1010, step: 4 },
  ];
  // Submitted at 2 ms of the trace, when the device was idle until 3 ms on its clock; and at 2.5 ms, when it was busy.
  const dispatches = [
    dispatch("a", 0, 500_000, 1001),
    dispatch("b", 3_000_000, 4_000_000, 1002),
    dispatch("c", 4_000_000, 4_000_001, 1002.5),
  ];
  const { traceEvents } = chromeTrace(host, dispatches, "some adapter");
  expect(traceEvents.filter(({ ph }) => ph === "M").map(({ name, tid, args }) => [name, tid, args.name])).toEqual([
    ["process_name", 1, "unfold train"],
    ["thread_name", 1, "host"],
    ["thread_name", 2, "some adapter"],
  ]);
  expect(traceEvents.slice(3)).toEqual([
    { ph: "X", name: "step 4", cat: "host", pid: 1, tid: 1, ts: 0, dur: 10_000, args: { step: 4 } },
    { ph: "X", name: "encode forward", cat: "host", pid: 1, tid: 1, ts: 0, dur: 2000, args: { step: 4 } },
    { ph: "X", name: "a", cat: "device", pid: 1, tid: 2, ts: 1000, dur: 500, args: { step: 4, part: "layer 1" } },
    { ph: "X", name: "b", cat: "device", pid: 1, tid: 2, ts: 4000, dur: 1000, args: { step: 4, part: "layer 1" } },
    { ph: "X", name: "c", cat: "device", pid: 1, tid: 2, ts: 5000, dur: 0.001, args: { step: 4, part: "layer 1" } },
  ]);
});

it("shows kernels that overlap on the device one after the other", () => {
  const { traceEvents } = chromeTrace(
    [{ name: "batch", begin: 0, end: 1, step: 1 }],
    [dispatch("a", 0, 2000, 0), dispatch("b", 1000, 3000, 0), dispatch("c", 1500, 2500, 0)],
    "x",
  );
  expect(
    traceEvents.flatMap((event) =>
      event.ph === "X" && event.cat === "device" ? [[event.name, event.ts, event.dur]] : [],
    ),
  ).toEqual([
    ["a", 0, 2],
    ["b", 2, 1],
    ["c", 3, 0],
  ]);
});
