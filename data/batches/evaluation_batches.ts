/**
 * Groups utterances into batches for evaluation: by similar length, to minimise padding, and longest first, so that
 * running out of memory shows early. If padding affects the model's output, only utterances of the same length share a
 * batch, so that no result depends on other utterances.
 *
 * @param frames input frames of each utterance
 * @param batchSize maximum number of utterances in a batch
 * @returns the utterances' indices, batch by batch
 */
export function evaluationBatches(
  frames: readonly number[],
  batchSize: number,
  { paddingMatters }: { readonly paddingMatters: boolean },
): number[][] {
  const framesOf = (i: number): number => frames[i] as number;
  const batches: number[][] = [];
  for (const i of frames.map((_, i) => i).sort((a, b) => framesOf(b) - framesOf(a))) {
    const last = batches.at(-1);
    if (last && last.length < batchSize && !(paddingMatters && framesOf(last[0] as number) !== framesOf(i)))
      last.push(i);
    else batches.push([i]);
  }
  return batches;
}
