import type { DepthScore } from "../recognition/evaluation/evaluate.ts";
import type { DevRecord, PerDepth } from "./log/log_records.ts";

/** The error rates of evaluated depths, and their CTC losses if there are any, as the log has them. */
export function ratesByDepth(
  scores: readonly DepthScore[],
): Pick<DevRecord, "wer" | "cer" | "loss"> & { readonly blankRatio: PerDepth } {
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
