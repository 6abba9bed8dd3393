import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { loadCheckpoint, saveCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { plainConfig } from "../../config/config.ts";
import { padBatch } from "../../data/batches/batch.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { countParameters, parametersOf, untiedParameters } from "../../model/parameter_counts.ts";
import { inspectCheckpoint } from "../../train/memory/inspect.ts";
import { inspectionTable } from "../../train/memory/inspection_table.ts";
import { trainingStep, uploadBatch } from "../../train/training_step.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "./small_model.ts";

// What the method is compared with, each as its config says it.
const device = testDevice();
const batch = padBatch(
  [0, 1].map((u) => ({
    frames: 50,
    features: Float32Array.from({ length: 500 }, (_, i) => normal(u, i)),
    labels: Int32Array.of(1, 2 + u),
  })),
  10,
);

/** First and last loss of some steps on one batch, and all numbers of the last. */
async function learn(sets: readonly string[], steps = 12) {
  const config = smallConfig("model.dropout=0", ...sets);
  const built = smallModel(device(), config, true);
  const losses: number[] = [];
  let names: string[] = [];
  for (let step = 0; step < steps; step++) {
    const tape = new Tape(device(), { seed: config.seed, step });
    const numbers = trainingStep(
      tape,
      built,
      uploadBatch(tape, batch, built.model),
      trainingPaths(config, step),
      config,
      {
        learningRate: 5e-3,
        step: step + 1,
      },
    );
    losses.push((await read(device(), numbers["loss"]!))[0] as number);
    names = Object.keys(numbers).filter((name) => numbers[name]);
    tape.end();
  }
  built.parameters.release();
  return { first: losses[0]!, last: losses.at(-1)!, names };
}

it.each<[string, string[], string[]]>([
  ["individually trained", ["model.blocks=4", "unfold.depths=[4]"], ["4"]],
  ["unfolded alone", ["unfold.depths=[2, 4]", "loss.depth_weights={4: 1}"], ["4"]],
  [
    "nested untied depths",
    ["model.blocks=4", "unfold.depths=[1, 2, 4]", "loss.depth_weights={1: 0.25, 2: 0.5, 4: 1}"],
    ["1", "2", "4", "kl"],
  ],
  [
    "LayerDrop",
    [
      "model.blocks=4",
      "unfold.depths=[2, 4]",
      "unfold.shallow=even",
      "loss.depth_weights={4: 1}",
      "loss.layer_drop=0.3",
    ],
    ["4"],
  ],
  ["stochastic depth", ["model.stochastic_depth_rate=0.3", "loss.layer_drop=0.1"], ["2", "4", "kl"]],
  ["norms per depth", ["model.norms=per_depth", "model.conv_norm=batch_norm"], ["2", "4", "kl"]],
  [
    "a hybrid with a decoder",
    ["model.decoder={blocks: 1, feed_forward_dim: 16}"],
    ["2", "4", "attention 2", "attention 4", "kl"],
  ],
  [
    "a hybrid with a decoder that unfolds too",
    ["model.decoder={blocks: 1, feed_forward_dim: 16}", "unfold.decoder=proportional", "loss.layer_drop=0.2"],
    ["2", "4", "attention 2", "attention 4", "kl"],
  ],
  [
    "a hybrid with every dropout",
    [
      "model.decoder={blocks: 1, feed_forward_dim: 16, dropout: 0.05, attention_dropout: 0.1}",
      "model.dropout=0.05",
      "model.attention_dropout=0.1",
      "model.position_dropout=0.1",
      "model.ctc_dropout=0.05",
    ],
    ["2", "4", "attention 2", "attention 4", "kl"],
  ],
  [
    "the decoder alone",
    ["model.decoder={blocks: 1, feed_forward_dim: 16}", "loss.ctc_weight=0", "loss.kl_of=attention"],
    ["2", "4", "attention 2", "attention 4", "kl"],
  ],
  ["KL alone", ["loss.depth_weights={2: 0, 4: 1}"], ["2", "4", "kl"]],
])("%s learns", async (_, sets, numbers) => {
  const { first, last, names } = await learn(sets);
  expect(last).toBeLessThan(0.8 * first);
  expect(names.filter((name) => !["loss", "gradNorm"].includes(name)).sort()).toEqual(numbers);
});

it("an individually trained hybrid has the parameters that are counted as untied for the unfolded one", () => {
  const sizeOf = (blocks: number, decoderBlocks: number) =>
    countParameters(
      smallModel(
        device(),
        smallConfig(`model.blocks=${blocks}`, `model.decoder={blocks: ${decoderBlocks}}`, "unfold.depths=[4]"),
      ),
    );
  expect(untiedParameters(sizeOf(2, 2), 2, [0, 0, 1, 1], 1)).toMatchObject({
    whole: sizeOf(4, 3).whole,
    encoder: sizeOf(4, 3).encoder,
  });
});

it("an individually trained model has the parameters that are counted as untied for the unfolded one", () => {
  const sizeOf = (blocks: number) =>
    countParameters(smallModel(device(), smallConfig(`model.blocks=${blocks}`, "unfold.depths=[4]")));
  expect(untiedParameters(sizeOf(2), 2, [0, 0, 1, 1]).whole).toBe(sizeOf(4).whole);
  expect(parametersOf(sizeOf(4), 4, [1, 3]).whole).toBe(sizeOf(2).whole);
});

it.each<[string, string[], (string | number)[][]]>([
  [
    "norms per depth",
    ["model.norms=per_depth"],
    [
      [2, "0 1"],
      [4, "0 0 1 1"],
    ],
  ],
  [
    "blocks spaced evenly",
    ["model.blocks=4", "unfold.shallow=even"],
    [
      [2, "1 3"],
      [4, "0 1 2 3"],
    ],
  ],
  [
    "a decoder",
    ["model.decoder={blocks: 2, feed_forward_dim: 24}"],
    [
      [2, "0 1"],
      [4, "0 0 1 1"],
    ],
  ],
])("inspect shows %s, of each depth what it loads", async (_, sets, rows) => {
  const config = smallConfig(...sets);
  const units = CharacterUnits.fromTexts(["abcd "]);
  const built = smallModel(device(), config, true);
  const { parameters } = built;
  const folder = mkdtempSync(join(tmpdir(), "unfold-variants-"));
  try {
    const file = join(folder, "best.safetensors");
    const state = {
      format: "unfold-checkpoint/1",
      config: plainConfig(config),
      units: units.toJSON(),
      cmvn: {},
      step: 1,
      seconds: 1,
      sampler: { epoch: 0, batch: 1 },
      best: null,
    } as const;
    await saveCheckpoint(file, parameters, state, { moments: false });
    const inspection = await inspectCheckpoint(device(), loadCheckpoint(file));
    expect(inspection.depths.map(({ depth, schedule }) => [depth, schedule.join(" ")])).toEqual(rows);
    const counts = countParameters(built);
    for (const { schedule, parameters: loaded } of inspection.depths)
      expect(loaded).toEqual(parametersOf(counts, config.model.blocks, schedule));
    expect(inspection.parameters.whole).toBe(parameters.count);
    const { whole, encoder, decoder } = inspection.parameters;
    expect(decoder).toBe(sets.some((set) => set.startsWith("model.decoder")) ? 6423 : 0);
    expect(whole - encoder - decoder).toBe((16 + 1) * built.model.config.vocabulary); // CTC's output layer
    expect(inspectionTable(inspection).includes(", decoder 6,423), ")).toBe(decoder > 0);
    for (const [depth, schedule] of rows)
      expect(inspectionTable(inspection)).toMatch(new RegExp(`${depth} +${schedule} `));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
