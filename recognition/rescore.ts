import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { read } from "../engine/transfer.ts";
import { crossEntropy } from "../kernels/cross_entropy/cross_entropy.ts";
import { indexSelect } from "../kernels/embedding/index_select.ts";
import { isBatched } from "../model/decode/batched_fusion.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import type { BeamHypothesis } from "../model/decode/prefix_beam.ts";
import { search, type SearchOptions } from "../model/decode/search.ts";
import type { AttentionDecoder } from "../model/decoder/attention_decoder.ts";
import { decoderTokens } from "../model/decoder/decoder_tokens.ts";
import { lengthMask } from "../model/length_mask.ts";
import { batchedBeamSearch } from "./batched_search.ts";
import type { EncodedUtterances } from "./joint_search.ts";

/**
 * Attention rescoring (Zhang et al., "WeNet 2.0", 2022): the decoder reads each of the labellings that CTC's prefix beam search
 * finds, all in one pass, and λ · log P_ctc + (1 - λ) · log P_attention, with what a language model adds, ranks them anew. A
 * language model takes part in the first pass, which is how its scores of all of them are known.
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
  const rows = lists.flatMap((list, utterance) => list.map(({ labels }) => ({ labels, utterance })));
  const attention = await readAloud(device, decoder, { states, lengths, depth }, rows);
  let row = 0;
  return lists.map((list) =>
    list
      .map((hypothesis): JointHypothesis => join(hypothesis, attention[row++] as number, ctcWeight))
      .sort((a, b) => b.score - a.score),
  );
}

/** log P(labels, end) of each row. */
async function readAloud(
  device: Device,
  decoder: AttentionDecoder,
  { states, lengths, depth }: Pick<EncodedUtterances, "states" | "lengths" | "depth">,
  rows: readonly { readonly labels: Int32Array; readonly utterance: number }[],
): Promise<Float32Array> {
  const longest = Math.max(...rows.map(({ labels }) => labels.length));
  const targets = new Int32Array(rows.length * longest);
  rows.forEach(({ labels }, i) => targets.set(labels, i * longest));
  const tokens = decoderTokens(
    targets,
    rows.map(({ labels }) => labels.length),
    decoder.sentenceEnd,
  );
  const shape = [rows.length, longest + 1] as const;
  const tape = new Tape(device, { grad: false });
  try {
    const utterances = tape.upload(
      Int32Array.from(rows, ({ utterance }) => utterance),
      [rows.length],
    );
    const mask = lengthMask(
      tape,
      rows.map(({ utterance }) => lengths[utterance] as number),
      states.shape[1] as number,
    );
    const memory = { states: indexSelect(tape, states, utterances, 0), mask };
    const logits = decoder.forward(tape, decoder.embed(tape, tape.upload(tokens.inputs, shape)), memory, {
      schedule: decoder.scheduleFor(depth),
    });
    const losses = (await read(
      device,
      crossEntropy(tape, logits, tape.upload(tokens.outputs, shape), { reduction: "none" }),
    )) as Float32Array;
    return Float32Array.from(rows, (_, i) =>
      losses.subarray(i * shape[1], (i + 1) * shape[1]).reduce((sum, loss) => sum - loss, 0),
    );
  } finally {
    tape.end();
  }
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
