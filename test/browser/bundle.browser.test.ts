import { expect, it } from "vitest";
import type * as unfold from "../../browser.ts";

// The file that the package exports, as a page loads it.
const bundle = new URL("../../dist/browser.js", import.meta.url).href;
const u = (await import(/* @vite-ignore */ bundle)) as typeof unfold;

const FRAMES = 60;
const BINS = 10;
const TEXT = "ab ba";
const units = new u.CharacterUnits([" ", "a", "b"]);
const sizes = { dim: 16, heads: 2, blocks: 2, dropout: 0 };
const features = Float32Array.from({ length: FRAMES * BINS }, (_, i) => u.uniform(1, i) - 0.5);
const schedules = [u.depthSchedule("repeat", 2, 4), u.depthSchedule("repeat", 2, 2)];

/** A checkpoint's bytes, as training in Node writes them. */
async function checkpointOf(parameters: unfold.Parameters): Promise<Uint8Array> {
  const tensors = new Map<string, unfold.SafeTensor>();
  for (const [name, shape] of parameters.savedShapes)
    tensors.set(name, { dtype: "F32", shape, values: new Float32Array(await parameters.readOne(name, "values")) });
  const state = {
    format: "unfold-checkpoint/1",
    config: {
      data: { train: "train.jsonl", dev: "dev.jsonl" },
      features: { bins: BINS },
      model: { ...sizes, feed_forward_dim: 32, conv_kernel: 7, subsampling_channels: 8 },
      unfold: { order: "repeat", depths: [2, 4] },
    },
    units: units.toJSON(),
    cmvn: { frames: 2, mean: new Array(BINS).fill(0), variance: new Array(BINS).fill(1) },
    step: 40,
    seconds: 1,
    sampler: { epoch: 0, batch: 0 },
    best: null,
  };
  return u.serialiseSafetensors(tensors, { unfold: JSON.stringify(state) });
}

it("trains a seed at two depths, and recognises at both from a checkpoint's bytes", async () => {
  const device = await u.openDevice();
  const parameters = new u.Parameters();
  const model = new u.ConformerCtc(parameters, {
    ...u.conformerDefaults,
    ...sizes,
    feedForwardDim: 32,
    convKernel: 7,
    subsamplingChannels: 8,
    inputDim: BINS,
    vocabulary: units.size,
  });
  parameters.seal(device, { seed: 3, optimizer: true });
  const labels = units.encode(TEXT);
  const losses: number[] = [];
  for (let step = 0; step < 60; step++) {
    const tape = new u.Tape(device, { seed: 1, step });
    const output = model.forward(tape, tape.upload(features, [1, FRAMES, BINS]), [FRAMES], schedules);
    const targets = {
      targets: tape.upload(labels, [1, labels.length]),
      targetLengths: tape.upload(Int32Array.of(labels.length), [1]),
      lengths: output.deviceLengths,
    };
    const { total } = u.jointLoss(tape, output, targets, u.jointLossDefaults);
    tape.backward(total);
    const adamw = { betas: [0.9, 0.98], eps: 1e-9, weightDecay: 0, maxGradNorm: 5 } as const;
    u.optimizerStep(tape, parameters, adamw, 5e-3, step + 1);
    losses.push((await u.read(device, total))[0] as number);
    tape.end();
  }
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 10);

  const recogniser = u.recogniserOf(device, u.parseCheckpoint(await checkpointOf(parameters), "page.safetensors"));
  const paths = u.evaluatedPaths(recogniser.config);
  expect(paths.map(({ depth }) => depth)).toEqual([2, 4]);
  const results = await u.recognise(
    device,
    recogniser.model,
    [{ frames: FRAMES, features, labels: new Int32Array() }],
    paths.map(({ schedule }) => schedule),
  );
  const texts = results.map(({ hypotheses }) => u.hypothesisText(hypotheses[0]!.labels, recogniser.units));
  expect(texts).toEqual([TEXT, TEXT]);
  device.close();
});

it("says in one sentence what is no checkpoint", () => {
  expect(() => u.parseCheckpoint(new Uint8Array(20), "page.safetensors")).toThrow(
    /^page\.safetensors is not a safetensors file/u,
  );
});

it("offers the one adapter that the browser shows, and says so of any other", async () => {
  await expect(u.openDevice({ adapter: "no such adapter" })).rejects.toThrow(
    /^no adapter matches 'no such adapter': this browser offers only .+$/u,
  );
});
