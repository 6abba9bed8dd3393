import { beforeAll, describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { hash, uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { leaf, read } from "../../engine/transfer.ts";
import { logSoftmax } from "../../kernels/softmax/softmax.ts";
import type { BatchedFusion } from "../../model/decode/batched_fusion.ts";
import type { Hypothesis } from "../../model/decode/hypothesis.ts";
import { logAddExp } from "../../model/decode/ranking.ts";
import { search } from "../../model/decode/search.ts";
import { AttentionDecoder } from "../../model/decoder/attention_decoder.ts";
import { lengthMask } from "../../model/length_mask.ts";
import { transformerFusion } from "../../model/language/transformer_fusion.ts";
import { TransformerLm } from "../../model/language/transformer_lm.ts";
import { batchedBeamSearch, batchedSearch } from "../../recognition/batched_search.ts";
import { jointSearch } from "../../recognition/joint_search.ts";
import { rescore } from "../../recognition/rescore.ts";
import { draw } from "../model/decode/random_log_probs.ts";
import { testDevice } from "../test_device.ts";

/** Classes: the blank, a, b, and the end of the sentence. */
const [VOCAB, BLANK, END] = [4, 0, 3];
const [FRAMES, DIM] = [4, 8];
const sizes = { dim: DIM, heads: 2, feedForwardDim: 8, dropout: 0, layerNormEps: 1e-5, blocks: 2, vocabulary: VOCAB };
const weights = { weight: 0.6, bonus: 0.8 };
const device = testDevice();

let lm: TransformerLm;
let decoder: AttentionDecoder;
beforeAll(() => {
  lm = built((parameters) => new TransformerLm(parameters, { ...sizes, blank: BLANK }), 1);
  decoder = built((parameters) => new AttentionDecoder(parameters, "", sizes), 2);
});

const noise = (length: number, key: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 2 * uniform(key, i) - 1);

/** A model whose weights are far enough from 0 for it to have opinions; `name` to leave some at 0. */
function built<Model>(build: (parameters: Parameters) => Model, key: number, zero?: string): Model {
  const parameters = new Parameters();
  const model = build(parameters);
  parameters.seal(device(), { optimizer: false });
  for (const [i, { name, tensor }] of parameters.all.entries())
    parameters.write(
      name,
      zero && name.startsWith(zero) ? new Float32Array(tensor.size) : noise(tensor.size, hash(key, i)),
    );
  return model;
}

/** CTC's log-probabilities of three utterances of 4, 2 and 3 frames; the end of the sentence is impossible. */
const lengths = [FRAMES, 2, 3];
const logProbs = lengths.map((frames, key) => {
  const classes = draw(frames, END, 40 + key);
  return Float32Array.from({ length: frames * VOCAB }, (_, i) =>
    i % VOCAB === END ? -Infinity : classes[Math.floor(i / VOCAB) * END + (i % VOCAB)]!,
  );
});

/** All sequences of a and b of at most `longest` labels. */
const sequences = (longest: number): number[][] =>
  longest === 0 ? [[]] : [[], ...[1, 2].flatMap((label) => sequences(longest - 1).map((rest) => [label, ...rest]))];

/** log p_ctc: the sum over all paths. */
function ctcScore(frames: Float32Array, labels: readonly number[]): number {
  const length = frames.length / VOCAB;
  let sum = -Infinity;
  for (let number = 0; number < END ** length; number++) {
    const path = Array.from({ length }, (_, t) => Math.floor(number / END ** t) % END);
    const spelled = path.filter((k, t) => k !== BLANK && k !== path[t - 1]);
    if (spelled.join() === labels.join())
      sum = logAddExp(
        sum,
        path.reduce((total, k, t) => total + frames[t * VOCAB + k]!, 0),
      );
  }
  return sum;
}

/** log P(labels, end) by one pass over the whole sentence. */
async function readWhole(labels: readonly number[], logits: (tape: Tape, tokens: Tensor) => Tensor): Promise<number> {
  const tape = new Tape(device(), { grad: false });
  const tokens = tape.upload(Int32Array.from([END, ...labels]), [1, labels.length + 1]);
  const said = await read(device(), logSoftmax(tape, logits(tape, tokens)));
  tape.end();
  return [...labels, END].reduce((sum, label, place) => sum + (said[place * VOCAB + label] as number), 0);
}

const lmScore = (labels: readonly number[]): Promise<number> =>
  readWhole(labels, (tape, tokens) => lm.forward(tape, tokens));

const attentionScore = (utterance: number, labels: readonly number[]): Promise<number> =>
  readWhole(labels, (tape, tokens) => {
    const own = tape.upload(
      noise(3 * FRAMES * DIM, 3).slice(utterance * FRAMES * DIM, (utterance + 1) * FRAMES * DIM),
      [1, FRAMES, DIM],
    );
    const mask = lengthMask(tape, [lengths[utterance]!], FRAMES);
    return decoder.forward(tape, decoder.embed(tape, tokens), { states: own, mask });
  });

interface Search {
  name: string;
  /** The shares of CTC and of the decoder, and what a label adds besides the language model's bonus. */
  ctc: number;
  attention: number;
  lengthBonus: number;
  find(
    fusion: BatchedFusion | null,
    beam: number,
    utterances: readonly number[],
  ): Promise<(Hypothesis & { lm: number })[][]>;
  score(hypothesis: Hypothesis): number;
}

const encoded = (utterances: readonly number[]) => ({
  states: leaf(
    device(),
    Float32Array.from(
      utterances.flatMap((u) => [...noise(3 * FRAMES * DIM, 3).slice(u * FRAMES * DIM, (u + 1) * FRAMES * DIM)]),
    ),
    [utterances.length, FRAMES, DIM],
  ),
  lengths: utterances.map((u) => lengths[u]!),
  logProbs: utterances.map((u) => logProbs[u]!),
  blank: BLANK,
  depth: 2,
});

const joint = (name: string, ctcWeight: number): Search => ({
  name,
  ctc: ctcWeight,
  attention: 1 - ctcWeight,
  lengthBonus: 0.3,
  find: (fusion, beam, utterances) =>
    jointSearch(device(), decoder, encoded(utterances), { beam, ctcWeight, lengthBonus: 0.3, fusion }),
  score: ({ score }) => score,
});

const searches: Search[] = [
  {
    name: "CTC's prefix beam search",
    ctc: 1,
    attention: 0,
    lengthBonus: 0,
    find: (fusion, beam, utterances) => {
      const { logProbs: rows } = encoded(utterances);
      return fusion
        ? batchedBeamSearch(device(), rows, VOCAB, { beam, blank: BLANK, fusion })
        : Promise.all(rows.map((frames) => search(frames, VOCAB, BLANK, { beam })));
    },
    score: (hypothesis) => (hypothesis as Hypothesis & { total: number }).total,
  },
  joint("joint search", 0.4),
  joint("attention search", 0),
  {
    name: "rescoring",
    ctc: 0.4,
    attention: 0.6,
    lengthBonus: 0,
    find: (fusion, beam, utterances) =>
      rescore(device(), decoder, encoded(utterances), { beam, ctcWeight: 0.4, fusion }),
    score: ({ score }) => score,
  },
];

const EVERYTHING = 64;

describe.each(searches)("a Transformer language model in $name", ({ ctc, attention, lengthBonus, find, score }) => {
  it("ranks all sequences by the sum of what each part says of them", async () => {
    const found = await find(transformerFusion(lm, weights), EVERYTHING, [0, 1, 2]);
    for (const [u, list] of found.entries()) {
      const exact = new Map<string, { lm: number; score: number }>();
      for (const labels of sequences(lengths[u]!)) {
        const [ofCtc, ofDecoder, ofLm] = [
          ctcScore(logProbs[u]!, labels),
          attention > 0 ? await attentionScore(u, labels) : 0,
          await lmScore(labels),
        ];
        const parts = (ctc > 0 ? ctc * ofCtc : 0) + attention * ofDecoder + weights.weight * ofLm;
        const total = parts + (weights.bonus + lengthBonus) * labels.length;
        if (total > -Infinity) exact.set(labels.join(), { lm: ofLm, score: total });
      }
      expect(list.map(({ labels }) => labels.join()).sort()).toEqual([...exact.keys()].sort());
      for (const hypothesis of list) {
        const answer = exact.get(hypothesis.labels.join())!;
        expect(hypothesis.lm).toBeCloseTo(answer.lm, 3);
        expect(score(hypothesis)).toBeCloseTo(answer.score, 3);
      }
      expect(list.map(score)).toEqual(list.map(score).sort((a, b) => b - a));
    }
  });

  it("takes part: the best sequences of some utterance are others than without it", async () => {
    const strong = transformerFusion(lm, { weight: 3, bonus: 0 });
    const best = async (fusion: BatchedFusion | null) =>
      (await find(fusion, 4, [0, 1, 2])).map((list) => list.map(({ labels }) => labels.join()));
    expect(await best(strong)).not.toEqual(await best(null));
  });

  it("finds in an utterance what it finds in it alone", async () => {
    const fusion = transformerFusion(lm, weights);
    const together = await find(fusion, 3, [0, 1, 2]);
    for (const [u, list] of together.entries()) {
      const [alone] = await find(fusion, 3, [u]);
      expect(list.map(({ labels }) => labels.join())).toEqual(alone!.map(({ labels }) => labels.join()));
      list.forEach((hypothesis, i) => expect(score(hypothesis)).toBeCloseTo(score(alone![i]!), 3));
    }
  });

  it("that is uniform changes nothing but by a constant a token", async () => {
    const uniformLm = built((parameters) => new TransformerLm(parameters, { ...sizes, blank: BLANK }), 1, "decoder.");
    const fusion = transformerFusion(uniformLm, { weight: 0.5, bonus: 0.5 * Math.log(3) });
    const [plain, fused] = [await find(null, EVERYTHING, [0, 1, 2]), await find(fusion, EVERYTHING, [0, 1, 2])];
    for (const [u, list] of fused.entries()) {
      expect(list.map(({ labels }) => labels.join())).toEqual(plain[u]!.map(({ labels }) => labels.join()));
      list.forEach((hypothesis, i) => {
        expect(hypothesis.lm).toBeCloseTo(-Math.log(3) * (hypothesis.labels.length + 1), 4); // a, b and the end
        expect(score(hypothesis)).toBeCloseTo(score(plain[u]![i]!) - 0.5 * Math.log(3), 4);
      });
    }
  });
});

it("CTC's beam search reads nothing back in frames that bring no new prefix, and once in others", async () => {
  let readings = 0;
  const counted: BatchedFusion = {
    start() {
      const reading = transformerFusion(lm, weights).start();
      const asked = reading.read.bind(reading);
      reading.read = (...given) => {
        const told = asked(...given);
        if (told) readings++;
        return told;
      };
      return reading;
    },
  };
  // b at frame 10 and a at frame 20 are certain, as are the blanks between them.
  const frames = Float32Array.from({ length: 30 * VOCAB }, (_, i) => {
    const t = Math.floor(i / VOCAB);
    return i % VOCAB === (t === 10 ? 2 : t === 20 ? 1 : BLANK) ? 0 : -Infinity;
  });
  const [found] = await batchedBeamSearch(device(), [frames], VOCAB, { beam: 4, blank: BLANK, fusion: counted });
  expect([...found![0]!.labels]).toEqual([2, 1]);
  expect(readings).toBe(3); // of the empty text, b, ba
});

it("a greedy search refuses it", () => {
  const options = { fusion: transformerFusion(lm, weights) };
  expect(() => batchedSearch(device(), { config: { vocabulary: VOCAB, blank: BLANK } }, options)).toThrow(
    "search: a language model needs a beam search, but beam is not set",
  );
});
