import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { read } from "../engine/transfer.ts";
import { concat } from "../kernels/shaping/shaping.ts";
import { isBatched, type AnyFusion, type BeingRead } from "../model/decode/batched_fusion.ts";
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

export interface JointSearchesOptions extends Omit<JointSearchOptions, "fusion"> {
  readonly fusion?: AnyFusion | null;
}

/**
 * Joint CTC/attention search of several utterances at once: each token of all hypotheses of all utterances is one pass of the
 * decoder, and of a language model that computes on the device, and one readback. What is found for an utterance does not depend on
 * the others.
 *
 * @returns of each utterance, the best hypotheses, best first
 */
export async function jointSearch(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, logProbs, blank, depth }: EncodedUtterances,
  options: JointSearchesOptions,
): Promise<JointHypothesis[][]> {
  const { vocabulary: vocab } = decoder.config;
  const { beam } = options;
  const given = options.fusion ?? null;
  const reading = isBatched(given) ? given.start() : null;
  const fusion = isBatched(given) ? reading : given;
  const searches = logProbs.map(
    (frames) => new JointSearch({ logProbs: frames, vocab, blank }, { ...options, fusion }),
  );
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
      const next = await readTogether(device, (tape) => ({
        decoded: decoding.next(tape, tokens, parents),
        told: reading?.read(
          tape,
          searches.flatMap(({ kept }) => kept),
        ),
      }));
      for (const [u, search] of searches.entries())
        if (!search.done) search.advance(next.subarray(u * beam * vocab, (u + 1) * beam * vocab));
    }
  } finally {
    decoding.release();
    reading?.release();
  }
  return searches.map(({ found }) => found);
}

/** What the decoder says, `[hypotheses, vocabulary]`, read back together with what the language model says. */
async function readTogether(
  device: Device,
  encode: (tape: Tape) => { readonly decoded: Tensor; readonly told: BeingRead | undefined },
): Promise<Float32Array> {
  const tape = new Tape(device, { grad: false });
  try {
    const { decoded, told } = encode(tape);
    const all = told ? concat(tape, [decoded, told.logProbs], 0) : decoded;
    const values = (await read(device, all)) as Float32Array;
    told?.take(values.subarray(decoded.size));
    return values.subarray(0, decoded.size);
  } finally {
    tape.end();
  }
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
