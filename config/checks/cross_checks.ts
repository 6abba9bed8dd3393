import { augmentFaults } from "./augment.ts";
import type { Fault } from "./faults.ts";
import { featureFaults } from "./features.ts";
import { modelFaults } from "./model.ts";
import type { ParsedConfig } from "../schema/schema.ts";
import { unfoldFaults } from "./unfold.ts";

/** Finds values that contradict each other, which checking one key at a time cannot. */
export function crossChecks(config: ParsedConfig): Fault[] {
  return [
    ...featureFaults(config),
    ...augmentFaults(config),
    ...modelFaults(config),
    ...unfoldFaults(config),
    ...unitsFaults(config),
    ...runFaults(config),
    ...searchFaults(config),
    ...averageFaults(config),
  ];
}

function* unitsFaults({ init, units: { kind, tokenizer, vocabulary } }: ParsedConfig): Generator<Fault> {
  if (kind === "bpe" && tokenizer == null && init === null)
    yield { path: ["units", "tokenizer"], message: "is needed by kind bpe: make one with unfold tokenizer train" };
  if (kind !== "bpe" && tokenizer != null)
    yield { path: ["units", "tokenizer"], message: `belongs to kind bpe, but units.kind is ${kind}` };
  if (kind !== "vocabulary" && vocabulary != null)
    yield { path: ["units", "vocabulary"], message: `belongs to kind vocabulary, but units.kind is ${kind}` };
}

function* runFaults({ epochs, steps, eval: evaluation, schedule, optimizer }: ParsedConfig): Generator<Fault> {
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

/** Whose numbers the searches with a decoder are. */
const SEARCHES = { ctc_weight: ["joint", "rescore"], length_bonus: ["joint", "attention"] } as const;

function* searchFaults({ eval: evaluation, model }: ParsedConfig): Generator<Fault> {
  const { search, beam, lm } = evaluation;
  if (search !== "ctc" && (model.kind !== "conformer" || model.decoder === null))
    yield {
      path: ["eval", "search"],
      message: `is ${search}, which needs a decoder, but the model has CTC alone: model.decoder is not set`,
    };
  for (const key of ["ctc_weight", "length_bonus"] as const) {
    const searches: readonly string[] = SEARCHES[key];
    if (evaluation[key] != null && !searches.includes(search))
      yield {
        path: ["eval", key],
        message: `belongs to the searches ${searches.join(" and ")}, but eval.search is ${search}`,
      };
  }
  if (lm && beam == null && search === "ctc")
    yield { path: ["eval", "lm"], message: "needs a beam search: set eval.beam as well, such as 16" };
}

function* averageFaults({ checkpoint: { average, ...keep } }: ParsedConfig): Generator<Fault> {
  if (!average) return;
  const key = `keep_${average.of}` as const;
  const kept = keep[key];
  if (kept < (average.count ?? 2))
    yield {
      path: ["checkpoint", "average"],
      message: `averages ${average.count ?? "two or more"} checkpoints, but checkpoint.${key} is ${kept}`,
    };
}
