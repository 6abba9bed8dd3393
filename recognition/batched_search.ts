import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { read } from "../engine/transfer.ts";
import { isBatched, type BatchedFusion, type ReadingFusion } from "../model/decode/batched_fusion.ts";
import { PrefixBeamSearch, type BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { greedyWithModel, type SearchOptions } from "../model/decode/search.ts";

export interface BatchedSearchOptions {
  readonly beam: number;
  readonly blank: number;
  readonly fusion: BatchedFusion;
}

/**
 * CTC's beam search for `forEachPosterior`, with a language model that computes on the device; undefined for any other, which `search`
 * asks itself.
 *
 * @throws RangeError without a beam
 */
export function batchedSearch(
  device: Device,
  { config: { vocabulary, blank } }: { readonly config: { readonly vocabulary: number; readonly blank: number } },
  { beam, fusion }: SearchOptions,
): ((encoded: { readonly logProbs: readonly Float32Array[] }) => Promise<BeamHypothesis[][]>) | undefined {
  if (!isBatched(fusion)) return undefined;
  if (!beam) throw greedyWithModel();
  return ({ logProbs }) => batchedBeamSearch(device, logProbs, vocabulary, { beam, blank, fusion });
}

/**
 * CTC prefix beam search of several utterances with a language model that computes on the device. Each utterance advances until it
 * keeps a prefix that the model has not read; what all of them wait for is then one pass and one readback, at most one a frame. What
 * is found for an utterance does not depend on the others.
 *
 * @param logProbs of each utterance, `[frames, vocab]`
 * @returns        of each utterance, what `prefixBeamSearch` finds
 */
export async function batchedBeamSearch(
  device: Device,
  logProbs: readonly Float32Array[],
  vocab: number,
  { beam, blank, fusion }: BatchedSearchOptions,
): Promise<BeamHypothesis[][]> {
  const reading = fusion.start();
  const searches = logProbs.map((frames) => new PrefixBeamSearch(frames, vocab, { beam, blank, fusion: reading }));
  const found: BeamHypothesis[][] = [];
  try {
    for (;;) {
      for (const [u, search] of searches.entries()) {
        while (!search.done && !reading.awaits(search.kept)) search.advance();
        if (search.done && !reading.awaits(search.kept)) found[u] ??= search.found;
      }
      const unfinished = searches.filter((_, u) => !found[u]);
      if (unfinished.length === 0) return found;
      await readAll(device, reading, unfinished);
    }
  } finally {
    reading.release();
  }
}

async function readAll(device: Device, reading: ReadingFusion, searches: readonly PrefixBeamSearch[]): Promise<void> {
  const tape = new Tape(device, { grad: false });
  try {
    const told = reading.read(
      tape,
      searches.flatMap(({ kept }) => kept),
    );
    if (told) told.take((await read(device, told.logProbs)) as Float32Array);
  } finally {
    tape.end();
  }
}
