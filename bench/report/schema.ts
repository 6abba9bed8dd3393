import * as z from "zod";
import { REPORT_FORMAT, REPORT_VERSION } from "./format.ts";
import type { StepResult } from "../steps/step.ts";

const ms = z.number().nonnegative();
const rate = z.number().nonnegative();
const count = z.number().int().nonnegative();
const clock = z.enum(["timestamps", "queue"]);

/** The clock, why it was chosen, and the least difference that it shows, in nanoseconds; reports of 0.2.0 lack that. */
const clockChoice = z.object({ name: clock, why: z.string(), stepNanoseconds: rate.optional() });

const timing = z.object({
  medianMs: ms,
  /** Median absolute deviation of the samples from their median. */
  spreadMs: ms,
  samples: count,
  callsPerSample: count,
  clock,
});

/** The largest error against the float64 reference, as a share of what is allowed there; reports of 0.2.0 lack it. */
const accuracy = z.object({ of: z.string(), error: rate, allowed: rate }).optional();

const pass = timing.extend({
  /** The first call on a device without pipelines, which includes reading and compiling the shaders. */
  firstMs: ms,
  /** Bytes that one call's dispatches bind: a lower estimate of what they move. */
  movedBytes: count,
  dispatches: count,
  /** The shaders that they run, such as "softmax/forward_thread_row"; reports of 0.2.0 lack it. */
  shaders: z.array(z.string()).optional(),
});

const forward = pass.extend({
  gflopsPerSecond: rate,
  gigabytesPerSecond: rate,
  /** Share of the roof at the case's intensity: 1 is as fast as the device's own copy or multiply-add. */
  roofShare: rate,
});

const sizes = z.record(z.string(), z.union([z.number(), z.boolean()]));

/** A choice between variants made in the case's forward pass, or only in its backward pass. */
const choice = z.object({
  operation: z.string(),
  sizes,
  pass: z.enum(["forward", "backward"]),
  chosen: z.string(),
  /** Each variant that fits, if measured: the time of the whole pass with it, or what is wrong with it. */
  variants: z.array(
    z.union([timing.extend({ name: z.string(), accuracy }), z.object({ name: z.string(), problem: z.string() })]),
  ),
});

const named = { operation: z.string(), case: z.string().nullable() };

const result = z.discriminatedUnion("status", [
  z.object({
    ...named,
    status: z.literal("timed"),
    /** Of a forward pass: operations, and the least bytes it must move. */
    flops: rate,
    bytes: count,
    /** Number of copies of the inputs that took turns. */
    copies: count,
    accuracy,
    forward,
    /** null: the operation has no gradients. */
    forwardBackward: pass.nullable(),
    choices: z.array(choice),
  }),
  z.object({ ...named, status: z.enum(["wrong", "failed"]), problem: z.string() }),
]);

const roof = z.object({
  gigabytesPerSecond: z.number().positive(),
  gflopsPerSecond: z.number().positive(),
  halfGflopsPerSecond: z.number().positive().nullable(),
  copies: z.array(z.object({ bytes: count, gigabytesPerSecond: rate })),
});

/** The part of a step's results that comparisons read. */
const comparedStep = z.looseObject({
  configuration: z.string(),
  paths: z.array(
    z.discriminatedUnion("status", [
      z.looseObject({
        status: z.literal("timed"),
        path: z.string(),
        timing: z.looseObject({ medianMs: ms, spreadMs: ms }),
      }),
      z.looseObject({ status: z.literal("failed"), path: z.string(), problem: z.string() }),
    ]),
  ),
});

export const reportSchema = z.object({
  format: z.literal(REPORT_FORMAT),
  version: z.literal(REPORT_VERSION),
  date: z.string(),
  command: z.string(),
  /** The adapter's name, its driver with version, and gpu, system or bundled. */
  adapter: z.string(),
  driver: z.string(),
  kind: z.string(),
  /** How each part's numbers were measured, for the reader. */
  method: z.array(z.string()),
  /** null: not measured. */
  kernels: z.object({ clock: clockChoice, roof, results: z.array(result) }).nullable(),
  step: z
    .array(
      z.custom<StepResult>((value) => comparedStep.safeParse(value).success, "expected the results of a training step"),
    )
    .nullable(),
});

export type BenchReport = z.infer<typeof reportSchema>;
export type KernelReport = NonNullable<BenchReport["kernels"]>;
export type KernelResult = KernelReport["results"][number];
export type TimedResult = Extract<KernelResult, { status: "timed" }>;
export type PassTiming = z.infer<typeof pass>;
export type CaseChoice = z.infer<typeof choice>;
