import { describe, expect, it } from "vitest";
import { Parameters } from "../../../engine/parameters.ts";
import { normal } from "../../../engine/random.ts";
import { Tape } from "../../../engine/tape.ts";
import { read } from "../../../engine/transfer.ts";
import type { FeatureMasks } from "../../../model/ctc_model.ts";
import { jointLoss, jointLossDefaults } from "../../../model/joint_loss.ts";
import { depthSchedule } from "../../../model/unfold.ts";
import { wav2vec2Defaults, type Wav2Vec2Config } from "../../../model/wav2vec2/config.ts";
import { Wav2Vec2Ctc } from "../../../model/wav2vec2/wav2vec2_ctc.ts";
import { optimizerStep } from "../../../train/optimizer.ts";
import { testDevice } from "../../test_device.ts";

// What must hold for any model of the kind, on tiny ones.
const device = testDevice();
const base: Wav2Vec2Config = {
  ...wav2vec2Defaults,
  vocabulary: 6,
  dim: 16,
  heads: 2,
  feedForwardDim: 24,
  blocks: 2,
  positionalKernel: 8,
  positionalGroups: 4,
  convDims: [8, 8, 8],
  convKernels: [10, 3, 2],
  convStrides: [5, 2, 2],
  activationDropout: 0,
};
const large: Wav2Vec2Config = { ...base, featureNorm: "layer", convBias: true, normFirst: true, attentionMask: true };
const kinds: readonly (readonly [string, Wav2Vec2Config])[] = [
  ["wav2vec 2.0, post-norm", { ...base, featureNorm: "layer", attentionMask: true }],
  ["wav2vec 2.0, pre-norm", large],
  ["HuBERT", { ...large, kind: "hubert" }],
];
const DEPTHS = [5, 2, 3];
const schedules = DEPTHS.map((depth) => depthSchedule("cycle", base.blocks, depth));

function build(config: Wav2Vec2Config) {
  const parameters = new Parameters();
  const model = new Wav2Vec2Ctc(parameters, config);
  parameters.seal(device(), { seed: 4 });
  return { parameters, model };
}

/** Waveforms of utterances by their numbers, and at padding whatever else, louder. */
function batchOf(
  utterances: readonly number[],
  lengths: readonly number[],
  longest = Math.max(...lengths),
): Float32Array {
  return Float32Array.from({ length: utterances.length * longest }, (_, i) => {
    const [item, t] = [Math.floor(i / longest), i % longest];
    return t < lengths[item]! ? normal(utterances[item]!, t) : 50 * normal(99, i);
  });
}

/** Logits of the first utterance's real frames, at each depth. */
async function logitsOfFirst(
  model: Wav2Vec2Ctc,
  utterances: readonly number[],
  lengths: readonly number[],
  longest?: number,
): Promise<number[][]> {
  const tape = new Tape(device(), { grad: false });
  const waveforms = batchOf(utterances, lengths, longest);
  const { logits } = model.forward(
    tape,
    tape.upload(waveforms, [utterances.length, waveforms.length / utterances.length, 1]),
    lengths,
    schedules,
  );
  const real = model.outputFrames(lengths[0]!) * base.vocabulary;
  const results = await Promise.all(logits.map(async (y) => [...(await read(device(), y)).subarray(0, real)]));
  tape.end();
  return results;
}

const furthest = (a: readonly number[][], b: readonly number[][]): number =>
  Math.max(...a.flatMap((path, i) => path.map((value, j) => Math.abs(value - b[i]![j]!))));

describe("padding and batch mates", () => {
  for (const [name, config] of kinds)
    it(`change nothing at any depth (${name})`, async () => {
      const { model, parameters } = build(config);
      const alone = await logitsOfFirst(model, [1], [700]);
      expect(Math.max(...alone.flat().map(Math.abs))).toBeGreaterThan(0.1);
      expect(furthest(await logitsOfFirst(model, [1], [700], 1100), alone)).toBeLessThan(2e-5);
      expect(furthest(await logitsOfFirst(model, [1, 2, 3], [700, 950, 400]), alone)).toBeLessThan(2e-5);
      parameters.release();
    });

  it("change results where the feature encoder has a group norm, as in the published models", async () => {
    const { model, parameters } = build(base);
    const alone = await logitsOfFirst(model, [1], [700]);
    expect(furthest(await logitsOfFirst(model, [1], [700], 1100), alone)).toBeGreaterThan(1e-3);
    parameters.release();
  });
});

/** Forward, joint loss and backward of two utterances; gradients stay. */
async function gradients(
  { model, parameters }: ReturnType<typeof build>,
  options: { masks?: FeatureMasks; checkpointing?: boolean; step?: boolean } = {},
) {
  const tape = new Tape(device(), { seed: 3 });
  const lengths = [700, 500];
  const waveforms = tape.upload(batchOf([1, 2], lengths), [2, 700, 1]);
  const output = model.forward(tape, waveforms, lengths, schedules, options);
  const targets = {
    targets: tape.upload(Int32Array.of(1, 2, 3, 4), [2, 2]),
    targetLengths: tape.upload(Int32Array.of(2, 2), [2]),
    lengths: output.deviceLengths,
  };
  const { total } = jointLoss(tape, output, targets, { ...jointLossDefaults, blank: model.config.blank });
  tape.backward(total);
  const grads = await parameters.read("grads");
  if (options.step)
    optimizerStep(tape, parameters, { betas: [0.9, 0.98], eps: 1e-8, weightDecay: 0.1, maxGradNorm: 5 }, 1e-2, 1);
  const loss = (await read(device(), total))[0]!;
  const peakBytes = device().pool.statistics.peakBytes;
  tape.end();
  return { grads, loss, peakBytes };
}

describe("a training step", () => {
  it("has the same gradients with blocks recomputed, dropout included", async () => {
    const built = build({
      ...large,
      dropout: 0.1,
      attentionDropout: 0.2,
      activationDropout: 0.2,
      featureDropout: 0.1,
      finalDropout: 0.1,
      freezeFeatureEncoder: false,
    });
    const kept = await gradients(built);
    built.parameters.zeroGrads();
    const again = await gradients(built, { checkpointing: true });
    expect(again.loss).toBe(kept.loss);
    for (const [name, { values }] of kept.grads) {
      const scale = Math.max(1e-3, ...values.map(Math.abs));
      expect(furthest([[...again.grads.get(name)!.values]], [[...values]]) / scale, name).toBeLessThan(1e-4);
    }
    built.parameters.release();
  });

  it("leaves a frozen feature encoder as it is, also without its norms' decay", async () => {
    const built = build({ ...large, freezeFeatureEncoder: true });
    const before = await built.parameters.read("values");
    const { grads } = await gradients(built, { step: true });
    const after = await built.parameters.read("values");
    const moved = [...before.keys()].filter((name) =>
      before.get(name)!.values.some((value, i) => value !== after.get(name)!.values[i]),
    );
    expect(moved.filter((name) => name.includes("feature_extractor"))).toEqual([]);
    expect(moved).toContain("wav2vec2.encoder.layers.1.feed_forward.output_dense.weight");
    expect([...grads.keys()].filter((name) => name.includes("feature_extractor"))).toEqual([]);
    built.parameters.release();
  });
});

describe("masks", () => {
  it("put the learned vector in the place of frames and zero in that of channels", async () => {
    const { model, parameters } = build(large);
    const tape = new Tape(device());
    const features = model.encoder.features(tape, tape.upload(batchOf([1], [700]), [1, 700, 1]));
    const frames = features.shape[1]!;
    // What is masked no longer depends on the sound: two inputs give the same frame. Before positions are added, which mix neighbours.
    const masks: FeatureMasks = { time: tape.upload(new Uint32Array(frames).fill(1), [1, frames, 1]) };
    const other = model.encoder.features(tape, tape.upload(batchOf([2], [700]), [1, 700, 1]));
    const [a, b, open] = [
      model.encoder.embed(tape, features, undefined, masks),
      model.encoder.embed(tape, other, undefined, masks),
      model.encoder.embed(tape, features, undefined, undefined),
    ];
    expect(await read(device(), a)).toEqual(await read(device(), b));
    expect(await read(device(), a)).not.toEqual(await read(device(), open));
    tape.end();
    parameters.release();
  });

  it("send gradients to the learned vector, and none to what they hide", async () => {
    const built = build({ ...large, freezeFeatureEncoder: false });
    const frames = built.model.outputFrames(700);
    const upload = new Tape(device());
    const time = upload.upload(new Uint32Array(2 * frames).fill(1), [2, frames, 1]);
    const { grads } = await gradients(built, { masks: { time } });
    const size = (name: string): number => Math.max(...grads.get(name)!.values.map(Math.abs));
    expect(size("wav2vec2.masked_spec_embed")).toBeGreaterThan(1e-4);
    expect(size("wav2vec2.feature_projection.projection.weight")).toBe(0);
    built.parameters.zeroGrads();
    const channels = upload.upload(
      Uint32Array.from({ length: 2 * 16 }, (_, i) => Number(i % 16 < 4)),
      [2, 1, 16],
    );
    const half = await gradients(built, {
      masks: { time: upload.upload(new Uint32Array(2 * frames), [2, frames, 1]), channels },
    });
    const rows = half.grads.get("wav2vec2.feature_projection.projection.weight")!.values; // [16, 8]
    expect(Math.max(...rows.subarray(0, 4 * 8).map(Math.abs))).toBe(0);
    expect(Math.max(...rows.subarray(4 * 8).map(Math.abs))).toBeGreaterThan(1e-4);
    upload.end();
    built.parameters.release();
  });
});
