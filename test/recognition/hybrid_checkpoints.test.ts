import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { averageCheckpoints } from "../../checkpoint/average.ts";
import { toFloat32 } from "../../checkpoint/safetensors/half_precision.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import type { Utterance } from "../../data/dataset.ts";
import { forcedAlignment } from "../../model/decode/forced_alignment.ts";
import { applyCmvn, type Cmvn } from "../../model/features/cmvn.ts";
import { alignUtterances } from "../../recognition/alignment/align.ts";
import { frameTime, timedUtterance } from "../../recognition/alignment/timed_text.ts";
import { recogniserOf } from "../../recognition/recogniser.ts";
import { engineOutput, hybridOutput } from "../checkpoint/export/engine_output.ts";
import { sampleCheckpoint, sampleFeatures } from "../checkpoint/export/sample_checkpoint.ts";
import { writeCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { testDevice } from "../test_device.ts";

// What the verbs do with a hybrid's checkpoint, beside what they do with one of CTC alone.
const device = testDevice();
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-hybrid-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const DECODER = "model.decoder={blocks: 2, feed_forward_dim: 24}";
/** Six units, and the class that starts and ends sentences. */
const CLASSES = 7;
const END = 6;

it("the average of hybrids is a hybrid, whose decoder is the mean of theirs", async () => {
  const samples = [
    await sampleCheckpoint(device(), folder, DECODER, "seed=1"),
    await sampleCheckpoint(device(), folder, DECODER, "seed=2"),
  ];
  const mean = averageCheckpoints(samples.map(({ checkpoint }) => checkpoint.path));
  const name = "decoder.decoders.1.src_attn.linear_k.weight";
  const [first, second] = samples.map(({ checkpoint }) => toFloat32(checkpoint.tensors.get(name)!));
  expect(first).not.toEqual(second);
  expect(mean.tensors.get(name)!.values).toEqual(first!.map((value, i) => (value + second![i]!) / 2));

  const file = join(folder, "mean.safetensors");
  writeCheckpoint(file, mean.tensors, mean.state);
  const says = (path: string) => hybridOutput(device(), path, 4, [sampleFeatures(50, 1)], [[END, 1, 2]]);
  const { decoder } = await says(file);
  expect(decoder[0]).toHaveLength(3 * CLASSES);
  expect(decoder).not.toEqual((await says(samples[0]!.checkpoint.path)).decoder);

  const alone = await sampleCheckpoint(device(), folder);
  expect(() => averageCheckpoints([samples[0]!, alone].map(({ checkpoint }) => checkpoint.path))).toThrow(
    / has another decoder than .*, so they cannot be averaged$/u,
  );
});

it("a hybrid's times come from CTC, which never says the end of the sentence", async () => {
  const { checkpoint, config } = await sampleCheckpoint(device(), folder, DECODER);
  const recogniser = recogniserOf(device(), checkpoint);
  const { units, frontEnd, model, cmvn, parameters } = recogniser;
  const labels = [Int32Array.of(2, 3, 1, 4), Int32Array.of(5)];
  const heard = [sampleFeatures(61, 1), sampleFeatures(38, 2)];
  const utterances = heard.map((features, i) => ({
    id: `u${i}`,
    seconds: 1,
    frames: features.frames,
    labels: labels[i]!,
    features: applyCmvn(cmvn as Cmvn, features).values,
  })) as unknown as Utterance[];
  const deepest = evaluatedPaths(config).at(-1)!;
  const aligned = await alignUtterances(device(), recogniser, utterances, deepest);

  const logProbs = await engineOutput(device(), checkpoint.path, deepest.depth, heard);
  for (const [i, values] of logProbs.entries()) {
    for (let at = END; at < values.length; at += CLASSES) values[at] = -Infinity;
    const alignment = forcedAlignment(values, CLASSES, labels[i]!, { blank: 0 })!;
    expect(aligned[i]).toMatchObject(timedUtterance(alignment, units, frameTime(model, frontEnd)));
    expect(aligned[i]!.units).toHaveLength(labels[i]!.length);
  }
  parameters.release();
});
