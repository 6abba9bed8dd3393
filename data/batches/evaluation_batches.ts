/**
 * Which utterances go through a model together in an evaluation: those of similar length, so that little of a batch is padding, the
 * longest first, so that memory that does not suffice shows early. Where padding changes what a model says of an utterance, only those
 * of one length share a batch: what is recognised depends on no other utterance.
 *
 * @param frames input frames of each utterance
 * @param batchSize most utterances of a batch
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
