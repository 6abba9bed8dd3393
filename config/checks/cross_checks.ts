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
    ...searchFaults(config),
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
