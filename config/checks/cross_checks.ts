import { augmentFaults } from "./augment.ts";
import type { Fault } from "./faults.ts";
import { featureFaults } from "./features.ts";
import { modelFaults } from "./model.ts";
import { runFaults } from "./run.ts";
import type { ParsedConfig } from "../schema/schema.ts";
import { unfoldFaults } from "./unfold.ts";

/** Finds values that contradict each other, which checking one key at a time cannot. */
export function crossChecks(config: ParsedConfig): Fault[] {
  return [
    ...featureFaults(config),
    ...augmentFaults(config),
    ...modelFaults(config),
    ...unfoldFaults(config),
    ...unitsFaults(config, config.init !== null),
    ...runFaults(config),
    ...lmFaults(config),
    ...averageFaults(config),
  ];
}

/** @param given whether a checkpoint gives the units that the config leaves out */
export function* unitsFaults(
  { units: { kind, tokenizer, vocabulary } }: Pick<ParsedConfig, "units">,
  given: boolean,
): Generator<Fault> {
  if (kind === "bpe" && tokenizer == null && !given)
    yield { path: ["units", "tokenizer"], message: "is needed by kind bpe: make one with unfold tokenizer train" };
  if (kind !== "bpe" && tokenizer != null)
    yield { path: ["units", "tokenizer"], message: `belongs to kind bpe, but units.kind is ${kind}` };
  if (kind !== "vocabulary" && vocabulary != null)
    yield { path: ["units", "vocabulary"], message: `belongs to kind vocabulary, but units.kind is ${kind}` };
}

function* lmFaults({ eval: evaluation }: ParsedConfig): Generator<Fault> {
  if (evaluation.lm && evaluation.beam == null)
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
