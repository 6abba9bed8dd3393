import { augmentFaults } from "./augment_checks.ts";
import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "./schema.ts";
import { unfoldFaults } from "./unfold_checks.ts";

/** What one key alone cannot show: values that contradict each other. */
export function crossChecks(config: ParsedConfig): Fault[] {
  return [...featureFaults(config), ...augmentFaults(config), ...modelFaults(config), ...unfoldFaults(config), ...unitsFaults(config), ...runFaults(config), ...averageFaults(config)];
}

function* featureFaults({ data, features }: ParsedConfig): Generator<Fault> {
  const nyquist = data.sample_rate / 2;
  const { low_freq, high_freq, frame_length_ms, frame_shift_ms } = features;
  const highest = high_freq > 0 ? high_freq : nyquist + high_freq;
  if (highest > nyquist) {
    yield { path: ["features", "high_freq"], message: `is ${high_freq} Hz, but at data.sample_rate ${data.sample_rate} there is nothing over ${nyquist} Hz` };
  } else if (low_freq >= highest) {
    yield { path: ["features", "low_freq"], message: `is ${low_freq} Hz, expected less than the highest frequency, ${highest} Hz` };
  }
  const shortest = 1000 / data.sample_rate; // ms of one sample
  if (frame_length_ms < 2 * shortest) yield { path: ["features", "frame_length_ms"], message: `is ${frame_length_ms} ms, expected two samples or more, ${2 * shortest} ms` };
  if (frame_shift_ms < shortest) yield { path: ["features", "frame_shift_ms"], message: `is ${frame_shift_ms} ms, expected one sample or more, ${shortest} ms` };
}

function* modelFaults({ model }: ParsedConfig): Generator<Fault> {
  const { dim, heads, conv_kernel } = model;
  if (dim % heads !== 0) yield { path: ["model", "heads"], message: `is ${heads}, which does not divide model.dim ${dim}` };
  if (dim % 2 !== 0) yield { path: ["model", "dim"], message: `is ${dim}, expected an even number, because positions are pairs of sine and cosine` };
  if (conv_kernel % 2 === 0) yield { path: ["model", "conv_kernel"], message: `is ${conv_kernel}, expected an odd number, so that it has a middle` };
}

function* unitsFaults({ units: { kind, tokenizer } }: ParsedConfig): Generator<Fault> {
  if (kind === "bpe" && tokenizer == null) yield { path: ["units", "tokenizer"], message: "is needed by kind bpe: make one with unfold tokenizer train" };
  if (kind !== "bpe" && tokenizer != null) yield { path: ["units", "tokenizer"], message: `belongs to kind bpe, but units.kind is ${kind}` };
}

function* runFaults({ epochs, steps, eval: evaluation, schedule, optimizer }: ParsedConfig): Generator<Fault> {
  if (epochs != null && steps != null) yield { path: ["steps"], message: "cannot be given together with epochs; set one of them to null" };
  if (evaluation.every_epochs != null && evaluation.every_steps != null) {
    yield { path: ["eval", "every_steps"], message: "cannot be given together with eval.every_epochs; set one of them to null" };
  }
  if (evaluation.lm && evaluation.beam == null) yield { path: ["eval", "lm"], message: "needs a beam search to take part in: set eval.beam as well, such as 16" };
  for (const key of ["hold_steps", "decay_steps", "initial_factor", "final_factor"] as const) {
    if (schedule[key] != null && schedule.kind !== "tri_stage") yield { path: ["schedule", key], message: `belongs to kind tri_stage, but schedule.kind is ${schedule.kind}` };
  }
  // The run itself may end within the warm-up (a trial of 50 steps); a schedule may not.
  if (schedule.total_steps != null && schedule.warmup_steps >= schedule.total_steps) {
    yield { path: ["schedule", "warmup_steps"], message: `is ${schedule.warmup_steps}, expected fewer than schedule.total_steps ${schedule.total_steps}` };
  }
  if (schedule.kind === "noam" && schedule.warmup_steps === 0) yield { path: ["schedule", "warmup_steps"], message: "is 0, but the noam schedule needs a warm-up" };
  if (schedule.floor > optimizer.learning_rate) {
    yield { path: ["schedule", "floor"], message: `is ${schedule.floor}, over the peak, optimizer.learning_rate ${optimizer.learning_rate}` };
  }
}

function* averageFaults({ checkpoint: { average, ...keep } }: ParsedConfig): Generator<Fault> {
  if (!average) return;
  const key = `keep_${average.of}` as const;
  const kept = keep[key];
  if (kept < (average.count ?? 2)) yield { path: ["checkpoint", "average"], message: `is of ${average.count ?? "two or more"} checkpoints, but checkpoint.${key} is ${kept}` };
}
