import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import type { Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { plainConfig } from "../../../config/config.ts";
import { changeWarnings, configChanges, dataChanges, samplerStart } from "../../../train/run/config_difference.ts";
import { digestOf } from "../../../data/training_data.ts";
import { smallConfig } from "../small_model.ts";

/** A checkpoint as it comes from the disk: through JSON. */
const checkpointOf = (...sets: string[]): Checkpoint =>
  ({
    path: "run/last.safetensors",
    state: JSON.parse(JSON.stringify({ config: plainConfig(smallConfig(...sets)), trainingSet: "abc" })),
    tensors: new Map(),
  }) as Checkpoint;

const faults = (before: string[], now: string[]): string | null => {
  try {
    expect(configChanges(smallConfig(...now), checkpointOf(...before), { force: false })).toEqual([]);
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message
      .replace("run/last.safetensors was trained with another config, so the run cannot be resumed exactly: ", "")
      .replace("; add --force to resume with the new one", "");
  }
};

it("the same config can be resumed, also from another folder and with other logs, checkpoints and evaluations", () => {
  expect(faults([], [])).toBeNull();
  const elsewhere = [
    "data.folder=/elsewhere",
    "data.train=c.jsonl",
    "data.test=d.jsonl",
    "log.every_steps=3",
    "checkpoint.every_steps=9",
    "eval.every_steps=4",
    "eval.beam=4",
  ];
  expect(faults([], elsewhere)).toBeNull();
});

it.each<[string[], string[], string]>([
  [["model.dropout=0.1"], ["model.dropout=0.2"], "model.dropout was 0.1, is now 0.2"],
  [
    ["seed=1"],
    ["seed=2", "optimizer.learning_rate=3"],
    "seed was 1, is now 2, optimizer.learning_rate was 0.001, is now 3",
  ],
  [
    [],
    ["spec_augment=null"],
    'spec_augment was {"freq_masks":2,"freq_width":10,"time_masks":2,"time_width":50,"max_time_ratio":0.2,"time_mask_ratio":0}, is now null',
  ],
  [[], ["data.sample_rate=8000"], "data.sample_rate was 16000, is now 8000"],
  [[], ["unfold.depths=[2, 6]"], "unfold.depths was [2,4], is now [2,6]"],
  [
    [],
    ["schedule.kind=tri_stage"],
    'schedule.kind was "cosine", is now "tri_stage", schedule.hold_steps was not given, is now 0, schedule.decay_steps was not given, is now null, schedule.initial_factor was not given, is now 0.01, schedule.final_factor was not given, is now 0.05',
  ],
])("from %j to %j", (before, now, message) => {
  expect(faults(before, now)).toBe(message);
});

it.each<[string[], string[], string]>([
  [["model.dim=16"], ["model.dim=32", "seed=2"], "seed was 0, is now 2, model.dim was 16, is now 32"],
  [["model.heads=2"], ["model.heads=4"], "model.heads was 2, is now 4"],
  [["model.blocks=2"], ["model.blocks=4"], "model.blocks was 2, is now 4"],
  [
    ["model.conv_norm=layer_norm"],
    ["model.conv_norm=batch_norm"],
    'model.conv_norm was "layer_norm", is now "batch_norm"',
  ],
  [
    ["model.norms=per_depth"],
    ["model.norms=per_depth", "unfold.depths=[2, 6]"],
    "unfold.depths was [2,4], is now [2,6]",
  ],
  [["features.bins=10"], ["features.bins=20"], "features.bins was 10, is now 20"],
  [
    ["units.kind=characters"],
    ["units.kind=bpe", "units.tokenizer=bpe.json"],
    'units.kind was "characters", is now "bpe"',
  ],
  [["precision=f32"], ["precision=f16"], 'precision was "f32", is now "f16"'],
])("from %j to %j is another model, forced or not", (before, now, differences) => {
  for (const force of [false, true]) {
    const resuming = (): unknown => configChanges(smallConfig(...now), checkpointOf(...before), { force });
    expect(resuming).toThrow(UserError);
    expect(resuming).toThrow(
      new UserError(
        `run/last.safetensors was trained with another config: ${differences}; this changes the model, so a new run is needed: choose another folder with --out`,
      ),
    );
  }
});

it("other utterances cannot be resumed with; a checkpoint that does not say what it was trained on can", () => {
  const checkpoint = checkpointOf();
  const { trainingSet: _, ...silent } = checkpoint.state;
  expect(() => dataChanges("abd", checkpoint, { force: false })).toThrow(
    "run/last.safetensors was trained on other utterances",
  );
  expect(dataChanges("abc", checkpoint, { force: false })).toEqual([]);
  expect(dataChanges("abd", { ...checkpoint, state: silent }, { force: false })).toEqual([]);
});

it("forced, a run goes on with what has changed: said in one sentence, and at the epoch's beginning where its batches are others", () => {
  const checkpoint = checkpointOf();
  const at = { ...checkpoint, state: { ...checkpoint.state, sampler: { epoch: 2, batch: 5 } } };
  const changes = configChanges(smallConfig("optimizer.learning_rate=3", "steps=9"), at, { force: true });
  expect(changeWarnings(changes)).toEqual([
    "resumed with --force despite changes: optimizer.learning_rate was 0.001, is now 3, epochs was 50, is now null, steps was null, is now 9",
  ]);
  expect(samplerStart(at, changes)).toEqual({ epoch: 2, batch: 5 });
  expect(samplerStart(at, configChanges(smallConfig("batch.size=3"), at, { force: true }))).toEqual({
    epoch: 2,
    batch: 0,
  });
  expect(samplerStart(at, dataChanges("abd", at, { force: true }))).toEqual({ epoch: 2, batch: 0 });
  expect(changeWarnings(configChanges(smallConfig(), at, { force: true }))).toEqual([]);
});

it("a digest tells order, names, lengths and labels apart", () => {
  const a = { id: "a", frames: 3, labels: Int32Array.of(1, 2) };
  const b = { id: "b", frames: 3, labels: Int32Array.of(1, 2) };
  const sets = [
    [a, b],
    [b, a],
    [a],
    [a, { ...b, id: "c" }],
    [a, { ...b, frames: 4 }],
    [a, { ...b, labels: Int32Array.of(12) }],
  ];
  expect(new Set(sets.map((set) => digestOf(set))).size).toBe(sets.length);
  expect(digestOf([{ ...a }, { ...b }])).toBe(digestOf([a, b]));
});
