import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { JointSearch, type JointHypothesis, type JointSearchOptions } from "../model/decode/joint_search.ts";
import type { AttentionDecoder } from "../model/decoder/attention_decoder.ts";
import { Decoding } from "../model/decoder/decoding.ts";
import { lengthMask } from "../model/length_mask.ts";

/** Encoded utterances and what CTC says of them. */
export interface EncodedUtterances {
  /** `[utterances, frames, dim]` */
  readonly states: Tensor;
  /** Real frames of each. */
  readonly lengths: readonly number[];
  /** CTC's log-probabilities of each utterance, `[frames, vocabulary]`, padding cut off */
  readonly logProbs: readonly Float32Array[];
  readonly blank: number;
  /** Of the encoder's path, to which a decoder that unfolds too fits its own. */
  readonly depth: number;
}

/**
 * Joint CTC/attention search of several utterances at once: each token of all hypotheses of all utterances is one pass of the
 * decoder and one readback. What is found for an utterance does not depend on the others.
 *
 * @returns of each utterance, the best hypotheses, best first
 */
export async function jointSearch(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, logProbs, blank, depth }: EncodedUtterances,
  options: JointSearchOptions,
): Promise<JointHypothesis[][]> {
  const { vocabulary: vocab } = decoder.config;
  const searches = logProbs.map((frames) => new JointSearch({ logProbs: frames, vocab, blank }, options));
  const { beam } = options;
  const decoding = startDecoding(device, decoder, { states, lengths, depth }, beam);
  try {
    while (searches.some(({ done }) => !done)) {
      // Places that no hypothesis needs read what the first one reads.
      const tokens = new Int32Array(searches.length * beam).fill(decoder.sentenceEnd);
      const parents = Int32Array.from(tokens, (_, row) => row - (row % beam));
      for (const [u, search] of searches.entries())
        search.reading.forEach(({ token, parent }, place) => {
          tokens[u * beam + place] = token;
          parents[u * beam + place] = u * beam + parent;
        });
      const next = await decoding.next(tokens, parents);
      for (const [u, search] of searches.entries())
        if (!search.done) search.advance(next.subarray(u * beam * vocab, (u + 1) * beam * vocab));
    }
  } finally {
    decoding.release();
  }
  return searches.map(({ found }) => found);
}

function startDecoding(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, depth }: Pick<EncodedUtterances, "states" | "lengths" | "depth">,
  beam: number,
): Decoding {
  const tape = new Tape(device, { grad: false });
  try {
    const mask = lengthMask(tape, lengths, states.shape[1] as number);
    return new Decoding(tape, decoder, { states, mask }, beam, decoder.scheduleFor(depth));
  } finally {
    tape.end();
  }
}
