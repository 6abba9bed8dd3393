import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { read } from "../engine/transfer.ts";
import { crossEntropy } from "../kernels/cross_entropy/cross_entropy.ts";
import { slice } from "../kernels/shaping/shaping.ts";
import { isBatched } from "../model/decode/batched_fusion.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { AttentionDecoder } from "../model/decoder/attention_decoder.ts";
import type { Memory } from "../model/decoder/decoder_block.ts";
import { decoderTokens } from "../model/decoder/decoder_tokens.ts";
import { lengthMask } from "../model/length_mask.ts";
import { batchedBeamSearch } from "./batched_search.ts";
import type { EncodedUtterances } from "./joint_search.ts";

/**
 * Attention rescoring (Zhang et al., "WeNet 2.0", 2022): the decoder reads each of the labellings that CTC's prefix beam search
 * finds, all in one pass if the device can bind its tensors, and λ · log P_ctc + (1 - λ) · log P_attention, with what a language
 * model adds, ranks them anew. A language model takes part in the first pass, which is how its scores of all of them are known.
 */
export async function rescore(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, logProbs, blank, depth }: EncodedUtterances,
  { ctcWeight, ...options }: SearchOptions & { readonly beam: number; readonly ctcWeight: number },
): Promise<JointHypothesis[][]> {
  const { vocabulary } = decoder.config;
  const { beam, fusion } = options;
  const lists = isBatched(fusion)
    ? await batchedBeamSearch(device, logProbs, vocabulary, { beam, blank, fusion })
    : await Promise.all(logProbs.map((frames) => search(frames, vocabulary, blank, options)));
  const attention = await readAloud(device, decoder, { states, lengths, depth }, lists, beam);
  return lists.map((list, utterance) =>
    list
      .map((hypothesis, i) => join(hypothesis, attention[utterance * beam + i] as number, ctcWeight))
      .sort((a, b) => b.score - a.score),
  );
}

/** log P(labels, end) of each utterance's labellings, `[utterances, beam]`; a list may be shorter than the beam. */
async function readAloud(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, depth }: Pick<EncodedUtterances, "states" | "lengths" | "depth">,
  lists: readonly (readonly { readonly labels: Int32Array }[])[],
  beam: number,
): Promise<Float32Array> {
  const rows = lists.flatMap((list) => Array.from({ length: beam }, (_, i) => list[i]?.labels ?? new Int32Array()));
  const places = 1 + Math.max(...rows.map(({ length }) => length));
  const together = utterancesTogether(device, decoder, beam, places);
  const scores = new Float32Array(rows.length);
  for (let first = 0; first < lists.length; first += together) {
    const some = lengths.slice(first, first + together);
    const tape = new Tape(device, { grad: false });
    try {
      const losses = tokenLosses(tape, decoder, {
        memory: part(tape, states, first, some),
        rows: rows.slice(first * beam, (first + together) * beam),
        places,
        depth,
      });
      for (const [i, loss] of ((await read(device, losses)) as Float32Array).entries())
        scores[first * beam + Math.floor(i / places)]! -= loss;
    } finally {
      tape.end();
    }
  }
  return scores;
}

/** As many utterances in a pass as have tensors that the device binds, but at least one. */
export function utterancesTogether(
  { limits }: Device,
  { config: { vocabulary, feedForwardDim, dim } }: AttentionDecoder,
  beam: number,
  places: number,
): number {
  const widest = Math.max(vocabulary, feedForwardDim, dim);
  return Math.max(1, Math.floor(limits.maxStorageBufferBindingSize / (4 * beam * places * widest)));
}

/** The encoder's states of some utterances, with the lengths of these. */
export function part(tape: Tape, states: Tensor, first: number, lengths: readonly number[]): Memory {
  const [utterances, frames, dim] = states.shape as [number, number, number];
  const all = lengths.length === utterances;
  return {
    states: all ? states : slice(tape, states, [first, 0, 0], [first + lengths.length, frames, dim]),
    mask: lengthMask(tape, lengths, frames),
  };
}

/** -log P of each token of the labellings and of their ends, `[rows · places]`, 0 behind them. Utterances have as many rows each. */
export function tokenLosses(
  tape: Tape,
  decoder: AttentionDecoder,
  {
    memory,
    rows,
    places,
    depth,
  }: { readonly memory: Memory; readonly rows: readonly Int32Array[]; readonly places: number; readonly depth: number },
): Tensor {
  const targets = new Int32Array(rows.length * (places - 1));
  rows.forEach((labels, row) => targets.set(labels, row * (places - 1)));
  const lengths = rows.map(({ length }) => length);
  const { inputs, outputs } = decoderTokens(targets, lengths, decoder.sentenceEnd);
  const shape = [rows.length, places] as const;
  const logits = decoder.forward(tape, decoder.embed(tape, tape.upload(inputs, shape)), memory, {
    schedule: decoder.scheduleFor(depth),
  });
  return crossEntropy(tape, logits, tape.upload(outputs, shape), { reduction: "none" });
}

const join = (
  { labels, score: ctc, lm, total }: BeamHypothesis,
  attention: number,
  lambda: number,
): JointHypothesis => ({
  labels,
  attention,
  ctc,
  lm,
  score: lambda * ctc + (1 - lambda) * attention + (total - ctc), // the last is what the language model adds
});
