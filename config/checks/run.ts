import type { ParsedConfig } from "../schema/schema.ts";
import type { Fault } from "./faults.ts";

interface RunKeys extends Pick<ParsedConfig, "epochs" | "steps" | "schedule" | "optimizer"> {
  readonly eval: Pick<ParsedConfig["eval"], "every_epochs" | "every_steps">;
}

/** Values of a run of any model that contradict each other. */
export function* runFaults({ epochs, steps, eval: evaluation, schedule, optimizer }: RunKeys): Generator<Fault> {
  if (epochs != null && steps != null)
    yield { path: ["steps"], message: "cannot be given together with epochs; set one of them to null" };
  if (evaluation.every_epochs != null && evaluation.every_steps != null) {
    yield {
      path: ["eval", "every_steps"],
      message: "cannot be given together with eval.every_epochs; set one of them to null",
    };
  }
  for (const key of ["hold_steps", "decay_steps", "initial_factor", "final_factor"] as const) {
    if (schedule[key] != null && schedule.kind !== "tri_stage")
      yield { path: ["schedule", key], message: `belongs to kind tri_stage, but schedule.kind is ${schedule.kind}` };
  }
  // A run may end during the warm-up (a trial of 50 steps); a schedule may not.
  if (schedule.total_steps != null && schedule.warmup_steps >= schedule.total_steps) {
    yield {
      path: ["schedule", "warmup_steps"],
      message: `is ${schedule.warmup_steps}, expected fewer than schedule.total_steps ${schedule.total_steps}`,
    };
  }
  if (schedule.kind === "noam" && schedule.warmup_steps === 0)
    yield { path: ["schedule", "warmup_steps"], message: "is 0, but the noam schedule needs a warm-up" };
  if (schedule.floor > optimizer.learning_rate) {
    yield {
      path: ["schedule", "floor"],
      message: `is ${schedule.floor}, over the peak, optimizer.learning_rate ${optimizer.learning_rate}`,
    };
  }
}
