import type { Device } from "../../engine/device.ts";
import { type CtcModel, framesNeeded } from "../../model/ctc_model.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import type { Units } from "../../model/units/units.ts";
import type { Utterance } from "../../data/dataset.ts";
import {
  addErrors,
  align,
  compareTexts,
  countErrors,
  cutText,
  errorRate,
  type AlignmentStep,
  type ErrorCounts,
} from "./error_rate.ts";
import { hypothesisText, recognise, type Recognised, type RecogniseOptions } from "../recognise.ts";
import type { PerDepth } from "../../checkpoint/state.ts";

export interface ScoredUtterance {
  readonly id: string;
  readonly reference: string;
  readonly hypothesis: string;
  /** Word by word. */
  readonly alignment: readonly AlignmentStep[];
}

export interface DepthScore {
  readonly depth: number;
  readonly words: ErrorCounts;
  readonly characters: ErrorCounts;
  readonly wer: number;
  readonly cer: number;
  readonly blankRatio: number;
  /**
   * The CTC loss, if requested, as in training but without dropout: sum over utterances / utterances, not divided by
   * their lengths. Texts with unknown characters and those that cannot be aligned are left out; undefined if none is
   * left.
   */
  readonly loss?: number | undefined;
  /** Seconds of computation per second of audio; null if the depths were computed together. */
  readonly realTimeFactor: number | null;
  readonly utterances: readonly ScoredUtterance[];
}

export interface EvaluateOptions extends Omit<RecogniseOptions, "references"> {
  /** Also compute the CTC loss of the utterances' texts. */
  readonly loss?: boolean;
  /** Run one pass per depth, so that each is timed separately. Otherwise depths share what they can. */
  readonly timed?: boolean;
}

/** Measures a model's word and character error rates at each depth, against the utterances' texts. */
export async function evaluate(
  device: Device,
  model: CtcModel,
  utterances: readonly Utterance[],
  paths: readonly { readonly depth: number; readonly schedule: DepthSchedule }[],
  units: Units,
  options: EvaluateOptions = {},
): Promise<DepthScore[]> {
  const { timed = false, loss = false, onProgress, ...rest } = options;
  const references = loss ? utterances.map((utterance) => referenceLabels(utterance, units, model)) : undefined;
  const seconds = utterances.reduce((sum, u) => sum + u.seconds, 0);
  const scores: DepthScore[] = [];
  const groups = timed ? paths.map((path) => [path]) : [paths];
  if (timed) await warmUp(device, model, utterances, paths, rest);
  for (const [g, group] of groups.entries()) {
    const progress =
      onProgress &&
      ((done: number): void => onProgress(g * utterances.length + done, groups.length * utterances.length));
    const started = performance.now();
    const recognised = await recognise(
      device,
      model,
      utterances,
      group.map(({ schedule }) => schedule),
      { ...rest, references, ...(progress && { onProgress: progress }) },
    );
    const realTimeFactor = timed ? (performance.now() - started) / 1000 / seconds : null;
    recognised.forEach((result, i) =>
      scores.push(score((group[i] as { depth: number }).depth, result, utterances, units, realTimeFactor)),
    );
  }
  return scores;
}

/**
 * Runs one batch in advance: the first batch compiles kernels and fills the pool, which would otherwise count towards
 * the time of the first depth.
 */
async function warmUp(
  device: Device,
  model: CtcModel,
  utterances: readonly Utterance[],
  paths: readonly { readonly schedule: DepthSchedule }[],
  { batchSize = 16 }: RecogniseOptions,
): Promise<void> {
  const longest = utterances.toSorted((a, b) => b.frames - a.frames).slice(0, batchSize);
  const [deepest] = paths.map(({ schedule }) => schedule).sort((a, b) => b.length - a.length);
  if (deepest) await recognise(device, model, longest, [deepest], { batchSize });
}

/** Counts of errors, and the rates that they make. */
export const withRates = (
  words: ErrorCounts,
  characters: ErrorCounts,
): Pick<DepthScore, "words" | "characters" | "wer" | "cer"> => ({
  words,
  characters,
  wer: errorRate(words),
  cer: errorRate(characters),
});

function score(
  depth: number,
  { hypotheses, blankRatio, loss }: Recognised,
  utterances: readonly Utterance[],
  units: Units,
  realTimeFactor: number | null,
): DepthScore {
  const scored = utterances.map(({ id, text }, i): ScoredUtterance => {
    const [reference, hypothesis] = [units.normalised(text), hypothesisText(hypotheses[i]?.labels ?? [], units)];
    return { id, reference, hypothesis, alignment: align(cutText(reference, "word"), cutText(hypothesis, "word")) };
  });
  const words = addErrors(scored.map(({ alignment }) => countErrors(alignment)));
  const characters = addErrors(
    scored.map(({ reference, hypothesis }) => compareTexts(reference, hypothesis, "character")),
  );
  return {
    depth,
    ...withRates(words, characters),
    blankRatio,
    loss,
    realTimeFactor,
    utterances: scored,
  };
}

/**
 * The labels of an utterance's text, for its CTC loss. Null if the loss does not exist: the text has characters that
 * are not units, which dev texts may have, or the model outputs fewer frames than CTC needs to align it.
 */
export function referenceLabels(
  { text, frames }: Pick<Utterance, "text" | "frames">,
  units: Units,
  model: Pick<CtcModel, "outputFrames">,
): Int32Array | null {
  if (units.unknownIn(text).length > 0) return null;
  const labels = units.encode(text);
  return model.outputFrames(frames) >= Math.max(1, framesNeeded(labels)) ? labels : null;
}

/** The error rates of evaluated depths, and their CTC losses if present, as logged. */
export function ratesByDepth(scores: readonly DepthScore[]): {
  wer: PerDepth;
  cer: PerDepth;
  blankRatio: PerDepth;
  loss?: PerDepth;
} {
  const of = (value: (score: DepthScore) => number): PerDepth =>
    Object.fromEntries(scores.map((score) => [String(score.depth), value(score)]));
  const losses = scores.every(({ loss }) => loss !== undefined) && { loss: of(({ loss }) => loss as number) };
  return {
    wer: of(({ wer }) => wer),
    cer: of(({ cer }) => cer),
    blankRatio: of(({ blankRatio }) => blankRatio),
    ...losses,
  };
}
