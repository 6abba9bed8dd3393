import { beforeAll, expect, it } from "vitest";
import type { BuiltModel } from "../../checkpoint/build_model.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { crossEntropy } from "../../kernels/cross_entropy/cross_entropy.ts";
import type { ConformerHybrid } from "../../model/conformer/conformer_hybrid.ts";
import { decoderTokens } from "../../model/decoder/decoder_tokens.ts";
import { lengthMask } from "../../model/length_mask.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import { decoderSearch, type DecoderSearch } from "../../recognition/decoder_search.ts";
import { forEachPosterior } from "../../recognition/posteriors.ts";
import { testDevice } from "../test_device.ts";
import { waves } from "../recognition/waves.ts";
import { smallConfig, smallModel, withLargeWeights } from "./small_model.ts";

// A decoder that unfolds in proportion to the encoder, against schedules built by hand.
const device = testDevice();
const config = smallConfig(
  "model.decoder={blocks: 2, feed_forward_dim: 16}",
  "unfold.decoder=proportional",
  "model.dropout=0",
);
const byHand: Readonly<Record<number, DepthSchedule>> = { 2: [0, 1], 4: [0, 0, 1, 1] };
const schedules = evaluatedPaths(config).map(({ schedule }) => schedule);
const [frames, bins] = [41, 10];
const features = waves(frames, bins, 1);

let model: ConformerHybrid;
let built: BuiltModel;
beforeAll(() => {
  built = withLargeWeights(smallModel(device(), config), 0.5);
  model = built.model as ConformerHybrid;
});

it("says what the blocks say in an order given by hand, also where layers of the encoder are dropped", async () => {
  const tape = new Tape(device(), { grad: false });
  const tokens = tape.upload(Int32Array.of(model.decoder.sentenceEnd, 1, 3), [1, 3]);
  const x = tape.upload(features, [1, frames, bins]);
  const { states, decoded } = model.forward(tape, x, [frames], schedules, { tokens });
  const dropped = model.forward(tape, x, [frames], [[0, 1]], { tokens, depths: [4] });
  const mask = lengthMask(tape, [model.outputFrames(frames)], model.outputFrames(frames));
  const embedded = model.decoder.embed(tape, tokens);
  const expected = (path: number, schedule: DepthSchedule): Promise<unknown> =>
    read(device(), model.decoder.forward(tape, embedded, { states: states[path]!, mask }, { schedule }));
  for (const [path, { length }] of schedules.entries())
    expect(await read(device(), decoded![path]!)).toEqual(await expected(path, byHand[length]!));
  expect(await read(device(), dropped.decoded![0]!)).toEqual(await expected(0, byHand[4]!));
  expect(await read(device(), decoded![1]!)).not.toEqual(await expected(1, byHand[2]!));
  tape.end();
});

it.each<DecoderSearch["kind"]>(["joint", "attention", "rescore"])(
  "%s search gives a text the probability of each depth's own decoder",
  async (kind) => {
    const decode = decoderSearch(device(), model, { kind, ctcWeight: 0.3, lengthBonus: 2 }, { beam: 4 });
    const item = { frames, features, labels: new Int32Array() };
    const found: [depth: number, labels: Int32Array, attention: number][] = [];
    await forEachPosterior(device(), model, [item], schedules, { decode }, (_, __, path, ___, hypotheses) => {
      for (const { labels, attention } of hypotheses!) found.push([schedules[path]!.length, labels, attention]);
    });
    expect(new Set(found.map(([depth]) => depth))).toEqual(new Set([2, 4]));
    for (const [depth, labels, attention] of found)
      expect(attention).toBeCloseTo(await logProbability(depth, labels), 3);
  },
);

/** log P(labels, end) along a path and its decoder schedule given by hand. */
async function logProbability(depth: number, labels: Int32Array): Promise<number> {
  const tape = new Tape(device(), { grad: false });
  const { states } = model.forward(
    tape,
    tape.upload(features, [1, frames, bins]),
    [frames],
    [schedules.find(({ length }) => length === depth)!],
  );
  const { inputs, outputs } = decoderTokens(labels, [labels.length], model.decoder.sentenceEnd);
  const shape = [1, inputs.length] as const;
  const logits = model.decoder.forward(
    tape,
    model.decoder.embed(tape, tape.upload(inputs, shape)),
    { states: states[0]!, mask: undefined },
    { schedule: byHand[depth]! },
  );
  const losses = await read(device(), crossEntropy(tape, logits, tape.upload(outputs, shape), { reduction: "none" }));
  tape.end();
  return [...losses].reduce((sum, loss) => sum - loss, 0);
}
