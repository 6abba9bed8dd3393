import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { configToYaml } from "../../config/yaml.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { configReference } from "../../config/reference.ts";
import { configSchema } from "../../config/schema/schema.ts";
import { describeKeys } from "../../config/schema/keys.ts";

let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "config-"));
  file = path.join(folder, "digits.yaml");
});
afterAll(() => rmSync(folder, { recursive: true }));

const DATA = "data:\n  train: train.jsonl\n  dev: dev.jsonl\n";

function load(yaml: string, overrides: string[] = [], dataFolder?: string) {
  writeFileSync(file, yaml);
  return loadConfig(file, overrides, { dataFolder });
}

/** The messages of a config that is refused, without the file's name. */
function faults(yaml: string, overrides: string[] = []): string[] {
  try {
    load(yaml, overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message.replaceAll(file, "FILE").split("\n");
  }
  throw new Error("the config was accepted");
}

describe("what is filled in", () => {
  test("what a decoder has from the encoder, and the loss of a hybrid", () => {
    const { model, loss } = load(`${DATA}model: { heads: 8, dropout: 0.2, decoder: { blocks: 2 } }\n`);
    expect(model).toMatchObject({ decoder: { blocks: 2, heads: 8, feedForwardDim: 2048, dropout: 0.2 } });
    expect(loss).toMatchObject({ klOf: "both", ctcWeight: 0.3, labelSmoothing: 0.1 });
    expect(load(`${DATA}model: { decoder: {} }\nloss: { kl_of: attention, ctc_weight: 1 }\n`).loss).toMatchObject({
      klOf: "attention",
      ctcWeight: 1,
    });
  });

  test("the defaults of the method and of everything else", () => {
    const config = load(DATA);
    expect(config.loss).toEqual({
      seedWeight: 0.25,
      depthWeights: null,
      klWeight: 0.1,
      klOf: "ctc",
      klReduction: "frames",
      ctcWeight: null,
      labelSmoothing: null,
      temperature: 1,
      klDirection: "teacher_to_student",
      klTeacher: "deep",
      detach: "teacher",
      middleDepths: 0,
      layerDrop: 0,
    });
    expect(config.unfold).toEqual({
      order: "repeat",
      depths: [6, 12],
      shallow: "first",
      repeatable: null,
      decoder: null,
      checkpointing: "auto",
    });
    expect(config.model).toMatchObject({
      norms: "shared",
      convNorm: "layer_norm",
      convMask: "before_depthwise",
      subsamplingChannels: config.model.dim,
    });
    expect(config).toMatchObject({
      seed: 0,
      epochs: 50,
      steps: null,
      batch: { size: 16, frames: null },
      eval: { everyEpochs: 1, everySteps: null, beam: null },
    });
    expect(config.data.test).toEqual([]);
  });

  test("a default steps back where its alternative is given", () => {
    expect(load(`${DATA}steps: 300\nbatch: {frames: 4000}\neval: {every_steps: 50}\n`)).toMatchObject({
      steps: 300,
      epochs: null,
      batch: { size: null, frames: 4000 },
      eval: { everyEpochs: null, everySteps: 50 },
    });
  });

  test("depths are sorted, and follow the blocks or an explicit order", () => {
    expect(load(`${DATA}unfold: {depths: [12, 6, 9]}`).unfold.depths).toEqual([6, 9, 12]);
    expect(load(`${DATA}unfold: {repeatable: [4, 5]}`).unfold.depths).toEqual([6, 8]);
    expect(load(`${DATA}model: {blocks: 2}\nunfold: {order: [0, 1, 1]}`).unfold).toMatchObject({
      order: [0, 1, 1],
      depths: [2, 3],
    });
  });

  test("null turns SpecAugment off", () => {
    expect(load(`${DATA}spec_augment: null`).specAugment).toBeNull();
  });
});

describe("paths", () => {
  const tests = "  test:\n    test: test.jsonl\n    test_unseen: sub/unseen.jsonl\n";

  test("start at the config's folder", () => {
    const { data } = load(DATA + tests);
    expect(data).toMatchObject({ folder, train: path.join(folder, "train.jsonl") });
    expect(data.test).toEqual([
      { name: "test", manifest: path.join(folder, "test.jsonl") },
      { name: "test_unseen", manifest: path.join(folder, "sub", "unseen.jsonl") },
    ]);
  });

  test("manifests start at data.folder, itself relative to the config", () => {
    expect(load(`${DATA}  folder: ../speech\n`).data.dev).toBe(path.join(path.dirname(folder), "speech", "dev.jsonl"));
  });

  test("the folder of the command line takes the place of data.folder", () => {
    const { data } = load(`${DATA}  folder: nowhere\n  test: test_clean.jsonl\n`, [], "corpus");
    expect(data.train).toBe(path.resolve("corpus", "train.jsonl"));
    expect(data.test).toEqual([{ name: "test_clean", manifest: path.resolve("corpus", "test_clean.jsonl") }]);
  });
});

describe("overrides", () => {
  test("are YAML values at a path, later ones win", () => {
    const config = load(`${DATA}epochs: 3`, [
      "optimizer.learning_rate=2e-3",
      "unfold.depths=[6, 8]",
      "spec_augment=null",
      "epochs=4",
      "epochs=5",
    ]);
    expect(config).toMatchObject({
      optimizer: { learningRate: 0.002 },
      unfold: { depths: [6, 8] },
      specAugment: null,
      epochs: 5,
    });
  });

  test("reach into a section that the file turns off", () => {
    expect(load(`${DATA}spec_augment: null`, ["spec_augment.time_masks=1"]).specAugment).toMatchObject({
      timeMasks: 1,
      freqMasks: 2,
    });
  });

  test("are named where they are wrong", () => {
    expect(faults(DATA, ["optimizer.learning_rat=1"])).toEqual([
      "--set optimizer.learning_rat=1: optimizer.learning_rat is not a key; the nearest valid one is optimizer.learning_rate.",
    ]);
    expect(faults(DATA, ["epochs"])).toEqual([
      "--set epochs: expected key=value, such as optimizer.learning_rate=2e-3.",
    ]);
    expect(faults(DATA, ["unfold.depths=[2"])[0]).toMatch(/^--set unfold\.depths=\[2: the value is not YAML: /u);
  });
});

describe("what is wrong", () => {
  test("unknown keys: file, line, path, nearest valid key", () => {
    expect(faults(`${DATA}optimizer:\n  betas: [0.9, 0.99]\n  learning_rte: 1e-3\n`)).toEqual([
      "FILE, line 6: optimizer.learning_rte is not a key; the nearest valid one is optimizer.learning_rate.",
    ]);
    expect(faults(`${DATA}modle: {dim: 3}`)).toEqual([
      "FILE, line 4: modle is not a key; the nearest valid one is model.",
    ]);
    expect(faults(`${DATA}depths: [2]`)).toEqual([
      "FILE, line 4: depths is not a key; the nearest valid one is unfold.depths.",
    ]);
    expect(faults(`${DATA}unfold: {units: {}, seed: 2}`)).toEqual([
      "FILE, line 4: unfold.units is not a key; the nearest valid one is units at the top level.",
      "FILE, line 4: unfold.seed is not a key; the nearest valid one is seed at the top level.",
    ]);
  });

  test("wrong types and values: path, expected, actual", () => {
    expect(faults(`${DATA}epochs: many`)).toEqual([
      'FILE, line 4: epochs: expected a whole number from 1, got "many".',
    ]);
    expect(faults(`${DATA}model:\n  conv_norm: layernorm`)).toEqual([
      'FILE, line 5: model.conv_norm: expected "layer_norm" or "batch_norm", got "layernorm".',
    ]);
    expect(faults(`${DATA}unfold:\n  depths:\n    - 2\n    - 0\n`)).toEqual([
      "FILE, line 7: unfold.depths[1]: expected a whole number from 1 to 1000, got 0.",
    ]);
    expect(faults(`${DATA}loss: 3`)).toEqual(["FILE, line 4: loss: expected a section of keys and values, got 3."]);
    expect(faults(`${DATA}model: {dropout: 1}`)).toEqual([
      "FILE, line 4: model.dropout: expected a number from 0 to less than 1, got 1.",
    ]);
    expect(faults(`${DATA}loss: {depth_weights: [2, 6]}`)).toEqual([
      "FILE, line 4: loss.depth_weights: expected a section of depths and weights such as { 2: 0.25, 6: 1 }, got [2,6].",
    ]);
    expect(faults(`${DATA}loss:\n  depth_weights:\n    12: 1\n    6: -1\n`)).toEqual([
      "FILE, line 7: loss.depth_weights.6: expected a number, 0 or more, got -1.",
    ]);
    expect(faults(`${DATA}loss: {layer_drop: 1}`)).toEqual([
      "FILE, line 4: loss.layer_drop: expected a number from 0 to less than 1, got 1.",
    ]);
    expect(faults("just words")).toEqual([
      'FILE: the config: expected a section of keys and values, got "just words".',
    ]);
  });

  test("several faults: one line each, in one message", () => {
    expect(faults("data:\n  train: 3\nepochs: 0\nbach: {}\n")).toEqual([
      "FILE, line 2: data.train: expected the path of a manifest, got 3.",
      "FILE, line 1: data.dev is missing, expected the path of a manifest.",
      "FILE, line 3: epochs: expected a whole number from 1, got 0.",
      "FILE, line 4: bach is not a key; the nearest valid one is batch.",
    ]);
  });

  test("an empty file lacks the data", () => {
    expect(faults("")).toEqual(["FILE: data is missing, expected a section of keys and values."]);
  });

  test("not YAML: the line is named", () => {
    expect(faults("data:\n  train: a\n  train: b\n")).toEqual(["FILE, line 3: not YAML: Map keys must be unique."]);
  });

  test("no such file", () => {
    expect(() => loadConfig("missing.yaml")).toThrow(
      new UserError("cannot read the config missing.yaml: there is no such file."),
    );
  });
});

describe("values that contradict each other", () => {
  test.each<[string, string]>([
    ["model: {dim: 96, heads: 5}", "model.heads is 5, which does not divide model.dim 96."],
    [
      "model: {dim: 9, heads: 3}",
      "model.dim is 9, expected an even number, because positions are pairs of sine and cosine.",
    ],
    ["loss: {kl_of: both}", "loss.kl_of is both, which needs a decoder, and model.decoder is not set."],
    ["loss: {ctc_weight: 0.3}", "loss.ctc_weight needs a decoder, and model.decoder is not set."],
    ["loss: {label_smoothing: 0}", "loss.label_smoothing needs a decoder, and model.decoder is not set."],
    ["model: {decoder: {heads: 3}}", "model.decoder.heads is 3, which does not divide model.dim 256."],
    ["model: {conv_kernel: 14}", "model.conv_kernel is 14, expected an odd number, so that it has a middle."],
    [
      "features: {high_freq: 9000}",
      "features.high_freq is 9000 Hz, but at data.sample_rate 16000 there is nothing above 8000 Hz.",
    ],
    [
      "features: {low_freq: 7000, high_freq: -1500}",
      "features.low_freq is 7000 Hz, expected a frequency below the highest, 6500 Hz.",
    ],
    [
      "features: {frame_length_ms: 0.1}",
      "features.frame_length_ms is 0.1 ms, expected at least two samples, 0.125 ms.",
    ],
    ["unfold: {depths: [6, 8, 6]}", "unfold.depths [6, 8, 6] lists a depth twice."],
    [
      "unfold: {depths: [2, 4]}",
      "unfold.depths ends at 4, but the deep path must be at least as deep as the seed, model.blocks 6.",
    ],
    [
      "model: {blocks: 2}\nunfold: {order: [0, 1, 2]}",
      "unfold.order names block 2, but model.blocks is 2, so blocks are 0 to 1.",
    ],
    [
      "model: {blocks: 2}\nunfold: {order: [0, 1, 1], depths: [2, 4]}",
      "unfold.order lists 3 blocks, but the largest of unfold.depths is 4.",
    ],
    [
      "model: {blocks: 2}\nunfold: {order: cycle, repeatable: [1]}",
      "unfold.repeatable needs unfold.order repeat, which alone chooses the blocks to repeat, but the order is cycle.",
    ],
    [
      "model: {blocks: 2}\nunfold: {order: [0, 1, 1], repeatable: [1]}",
      "unfold.repeatable needs unfold.order repeat, which alone chooses the blocks to repeat, but the order is a list.",
    ],
    ["unfold: {repeatable: [5, 6]}", "unfold.repeatable names block 6, but model.blocks is 6, so blocks are 0 to 5."],
    ["unfold: {repeatable: [4, 5, 4]}", "unfold.repeatable [4, 5, 4] lists a block twice."],
    [
      "model: {blocks: 8}\nunfold: {repeatable: [4, 5, 6, 7], depths: [8, 13]}",
      "unfold.depths ends at 13, but 8 blocks of which 4 may be repeated (unfold.repeatable) reach depth 12 at most.",
    ],
    [
      "loss: {middle_depths: 6}",
      "loss.middle_depths is 6, but between the seed (6) and the deep path (12) there are 5 depths.",
    ],
    [
      "model: {norms: per_depth}\nunfold: {depths: [6, 8, 12]}\nloss: {middle_depths: 2}",
      "loss.middle_depths is 2, but between the seed (6) and the deep path (12) there is 1 depth in unfold.depths.",
    ],
    [
      "loss: {middle_depths: 6, depth_weights: {6: 1, 8: 1, 10: 1}}",
      "loss.middle_depths is 6, but between the shallowest trained depth (6) and the deepest (10) there are 2 depths not already trained.",
    ],
    ["loss: {depth_weights: {6: 1, 2.5: 1}}", "loss.depth_weights.2.5 is not a depth, expected a whole number from 1."],
    [
      "loss: {depth_weights: {}}",
      "loss.depth_weights has no depth with a weight above 0, so nothing would be trained.",
    ],
    [
      "loss: {depth_weights: {6: 0, 12: 0}}",
      "loss.depth_weights has no depth with a weight above 0, so nothing would be trained.",
    ],
    ["loss: {depth_weights: {6: 1, 13: 1}}", "loss.depth_weights.13 is deeper than the largest of unfold.depths, 12."],
    [
      "loss: {depth_weights: {2: 1, 4: 1}}",
      "loss.depth_weights ends at 4, so some of the 6 blocks (model.blocks) would never be trained.",
    ],
    [
      "loss: {depth_weights: {2: 1, 12: 0}, kl_weight: 0}",
      "loss.depth_weights ends at 2, so some of the 6 blocks (model.blocks) would never be trained.",
    ],
    [
      "model: {blocks: 2}\nunfold: {order: [0, 1, 1], shallow: even}",
      "unfold.shallow is even, but when unfold.order is a list, shallower paths are its prefixes.",
    ],
    [
      "model: {norms: per_depth}\nloss: {layer_drop: 0.2}",
      "loss.layer_drop is 0.2, but with model.norms per_depth a path with dropped layers has no norms for its depth.",
    ],
    [
      "model: {norms: per_depth, stochastic_depth_rate: 0.2}",
      "model.stochastic_depth_rate is 0.2, but with model.norms per_depth a path with skipped layers has no norms for its depth.",
    ],
    ["epochs: 3\nsteps: 4", "steps cannot be given together with epochs; set one of them to null."],
    [
      "eval: {every_epochs: 1, every_steps: 4}",
      "eval.every_steps cannot be given together with eval.every_epochs; set one of them to null.",
    ],
    ["schedule: {hold_steps: 5}", "schedule.hold_steps belongs to kind tri_stage, but schedule.kind is cosine."],
    ["schedule: {total_steps: 200}", "schedule.warmup_steps is 200, expected fewer than schedule.total_steps 200."],
    ["schedule: {kind: noam, warmup_steps: 0}", "schedule.warmup_steps is 0, but the noam schedule needs a warm-up."],
    [
      "checkpoint: {average: {of: last}}",
      "checkpoint.average averages two or more checkpoints, but checkpoint.keep_last is 1.",
    ],
    [
      "checkpoint: {average: {count: 4}, keep_best: 3}",
      "checkpoint.average averages 4 checkpoints, but checkpoint.keep_best is 3.",
    ],
    ["schedule: {floor: 0.1}", "schedule.floor is 0.1, over the peak, optimizer.learning_rate 0.001."],
  ])("%s", (yaml, message) => {
    expect(faults(DATA + yaml).map((line) => line.replace(/^FILE(, line \d+)?: /u, ""))).toEqual([message]);
  });
});

describe("keeping a config", () => {
  const yaml = `${DATA}  test: {test_a_B: a.jsonl, myTest: b.jsonl}\nschedule: {kind: tri_stage, hold_steps: 4}\nmodel: {blocks: 2}\nunfold: {order: [0, 1, 1]}\nloss: {depth_weights: {2: 0.5, 3: 1}}\n`;

  test("as JSON and back gives the same", () => {
    const config = load(yaml);
    const stored = JSON.parse(JSON.stringify(plainConfig(config))) as Record<string, unknown>;
    expect(Object.keys(stored)).toEqual(Object.keys(configSchema.shape));
    expect(restoreConfig(stored, "checkpoint.json")).toEqual(config);
  });

  test("a damaged one is named", () => {
    expect(() => restoreConfig({ ...plainConfig(load(yaml)), epochs: "x" }, "checkpoint.json")).toThrow(
      'checkpoint.json: epochs: expected a whole number from 1, got "x".',
    );
  });

  test("as YAML for a reader: no folder of this machine, and loads again", () => {
    const config = load(yaml);
    const written = configToYaml(config);
    expect(written).not.toContain(folder);
    expect(load(written)).toEqual(config);
  });
});

describe("reference", () => {
  test("every key has a description, and every description ends", () => {
    expect(describeKeys(configSchema).filter(({ description }) => !/.\.$/u.test(description))).toEqual([]);
  });

  test("names defaults", () => {
    expect(configReference()).toContain("| `temperature` | `1` | Temperature T: logits are divided by it");
  });

  test("names the words of which a value is one", () => {
    expect(configReference()).toMatch(/^\| `kl_teacher` \| `"deep"` \| .+ One of `deep`, `seed`\. \|$/mu);
    expect(configReference()).toMatch(/^\| `precision` .+ One of `f32`, `f16`\. \|$/mu);
  });

  test("a section within a section has its own table", () => {
    expect(configReference().match(/^### checkpoint.*$/gmu)).toEqual(["### checkpoint", "### checkpoint.average"]);
  });
});
