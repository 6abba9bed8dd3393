import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { declareModel } from "../../../checkpoint/build_model.ts";
import { scheduleOf } from "../../../config/depths.ts";
import { type CheckpointState } from "../../../checkpoint/checkpoint.ts";
import { loadCheckpoint, loadState, writeCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { plainConfig, restoreConfig } from "../../../config/config.ts";
import { exportFile } from "../../../checkpoint/export/export_file.ts";
import { exportFolder } from "../../../checkpoint/hugging_face/export_folder.ts";
import { importModel } from "../../../checkpoint/hugging_face/import_model.ts";
import type { SafeTensor } from "../../../checkpoint/safetensors/safetensors.ts";
import { changedFolder, halved, MODELS, modelFolder, temporaryFolder, weightsOf } from "./folders.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Imports a folder, and exports what came of it. */
function roundTrip(from: string, depth?: number) {
  importModel(from, at("seed.safetensors"), { depths: [], order: "repeat", force: true });
  return exporting(at("seed.safetensors"), depth);
}

function exporting(file: string, depth?: number) {
  const checkpoint = loadCheckpoint(file);
  try {
    return exportFolder(checkpoint, at("out"), { depth, force: true });
  } finally {
    checkpoint.close();
  }
}

describe("what was imported comes back", () => {
  it.each(MODELS)("%s, every file to the byte", (name) => {
    expect(roundTrip(modelFolder(name))).toMatchObject({ schedule: [0, 1] });
    const names = readdirSync(modelFolder(name)).sort();
    expect(readdirSync(at("out")).sort()).toEqual(names);
    for (const file of names.filter((file) => file.endsWith(".json")))
      expect(readFileSync(join(at("out"), file), "utf8")).toBe(readFileSync(join(modelFolder(name), file), "utf8"));
    expect(weightsOf(at("out"))).toEqual(weightsOf(modelFolder(name)));
  });

  it("a preprocessor_config.json that does not say its type, as the first published ones", () => {
    const said = {
      do_normalize: true,
      feature_size: 1,
      padding_side: "right",
      padding_value: 0,
      return_attention_mask: false,
      sampling_rate: 16000,
    };
    const from = changedFolder(at("first"), {});
    writeFileSync(join(from, "preprocessor_config.json"), JSON.stringify(said));
    roundTrip(from);
    expect(readFileSync(join(at("out"), "preprocessor_config.json"), "utf8")).toBe(JSON.stringify(said));
    writeFileSync(
      join(from, "preprocessor_config.json"),
      JSON.stringify({ ...said, return_attention_mask: undefined, sampling_rate: 8000 }),
    );
    roundTrip(from);
    expect(JSON.parse(readFileSync(join(at("out"), "preprocessor_config.json"), "utf8"))).toEqual({
      ...said,
      feature_extractor_type: "Wav2Vec2FeatureExtractor",
      sampling_rate: 8000,
    });
  });

  it.each(["F16", "BF16"] as const)("in %s, and encoders without a head under their short names", (dtype) => {
    const from = changedFolder(at("half"), {
      of: "wav2vec2_conformer_rotary",
      json: {
        "config.json": { torch_dtype: dtype === "F16" ? "float16" : "bfloat16" },
        "vocab.json": null,
        "tokenizer_config.json": null,
      },
      weights: (tensors) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          if (!name.startsWith("lm_head."))
            tensors.set(
              name.replace("wav2vec2_conformer.", ""),
              tensor.dtype === "F32" ? halved(tensor, dtype) : tensor,
            );
        }
      },
    });
    roundTrip(from);
    expect(weightsOf(at("out"))).toEqual(weightsOf(from));
    expect(readFileSync(join(at("out"), "config.json"), "utf8")).toBe(readFileSync(join(from, "config.json"), "utf8"));
    expect(existsSync(join(at("out"), "vocab.json"))).toBe(false);
  });

  it.each([true, false])("with or without a vector of masked frames, where config.json masks none: %s", (there) => {
    const from = changedFolder(at("unmasked"), {
      json: { "config.json": { mask_time_prob: 0 } },
      weights: (tensors) => void (there || tensors.delete("wav2vec2.masked_spec_embed")),
    });
    roundTrip(from);
    expect(weightsOf(at("out"))).toEqual(weightsOf(from));
    expect(weightsOf(at("out")).has("wav2vec2.masked_spec_embed")).toBe(there);
  });

  it("without the byte order marks of its text files, which transformers reads none of", () => {
    const from = changedFolder(at("marked"), {});
    const names = ["config.json", "vocab.json", "tokenizer_config.json", "preprocessor_config.json"];
    for (const name of names) writeFileSync(join(from, name), `\uFEFF${readFileSync(join(from, name), "utf8")}`);
    roundTrip(from);
    for (const name of names)
      expect(readFileSync(join(at("out"), name), "utf8")).toBe(
        readFileSync(join(modelFolder("wav2vec2_base"), name), "utf8"),
      );
  });

  it("with its blank, also where no vocabulary says which it is", () => {
    const from = changedFolder(at("unnamed"), {
      of: "wav2vec2_large",
      json: { "vocab.json": null, "tokenizer_config.json": null },
    });
    roundTrip(from);
    expect(readFileSync(join(at("out"), "config.json"), "utf8")).toBe(readFileSync(join(from, "config.json"), "utf8"));
    expect(weightsOf(at("out"))).toEqual(weightsOf(from));
  });
});

it("what a run has changed of what the weights compute stands in config.json, and only that", () => {
  importModel(modelFolder("wav2vec2_conformer_rotary"), at("seed.safetensors"), {
    depths: [],
    order: "repeat",
    force: true,
  });
  const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
  const model = { ...(state.config["model"] as object), heads: 2, activation: "silu", rotary_base: 500, dropout: 0.4 };
  writeCheckpoint(at("changed.safetensors"), tensors, { ...state, config: { ...state.config, model } });
  close();
  exporting(at("changed.safetensors"));
  const json = (folder: string): unknown => JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
  expect(json(at("out"))).toEqual({
    ...(json(modelFolder("wav2vec2_conformer_rotary")) as object),
    num_attention_heads: 2,
    hidden_act: "swish",
    rotary_embedding_base: 500,
  });
});

it("weights that a run does without are not asked for by config.json", () => {
  importModel(modelFolder("hubert_large"), at("seed.safetensors"), { depths: [], order: "repeat", force: true });
  const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
  const model = { ...(state.config["model"] as object), conv_bias: false, projection_norm: false };
  writeCheckpoint(at("fewer.safetensors"), tensors, { ...state, config: { ...state.config, model } });
  close();
  exporting(at("fewer.safetensors"));
  expect(
    [...weightsOf(at("out")).keys()].filter((name) => /conv\.bias|feature_projection\.layer_norm/u.test(name)),
  ).toEqual(["hubert.encoder.pos_conv_embed.conv.bias"]);
  expect(JSON.parse(readFileSync(join(at("out"), "config.json"), "utf8"))).toMatchObject({
    conv_bias: false,
    feat_proj_layer_norm: false,
  });
});

it("a checkpoint is never written over by its own export", () => {
  mkdirSync(at("place"));
  importModel(modelFolder("hubert_base"), join(at("place"), "model.safetensors"), {
    seedLayers: [0],
    depths: [3],
    order: "repeat",
    force: true,
  });
  const checkpoint = loadCheckpoint(join(at("place"), "model.safetensors"));
  expect(() => exportFolder(checkpoint, at("place"), { depth: undefined, force: true })).toThrow(
    new UserError(
      `--out: ${join(at("place"), "model.safetensors")} is one of the input files and would be lost: choose another place`,
    ),
  );
  checkpoint.close();
  expect(loadState(join(at("place"), "model.safetensors")).config["unfold"]).toMatchObject({ depths: [1, 3] });
});

describe("a depth", () => {
  it("is written with weights of its own for each logical layer", () => {
    const exported = roundTrip(modelFolder("wav2vec2_conformer_relative"), 5);
    expect(exported.schedule).toEqual([0, 0, 1, 1, 1]);
    const [given, found] = [weightsOf(modelFolder("wav2vec2_conformer_relative")), weightsOf(at("out"))];
    const name = (layer: number, part: string) => `wav2vec2_conformer.encoder.layers.${layer}.${part}`;
    for (const part of [
      "conv_module.batch_norm.num_batches_tracked",
      "ffn1.intermediate_dense.bias",
      "conv_module.batch_norm.running_var",
    ])
      for (const [layer, block] of exported.schedule.entries())
        expect(found.get(name(layer, part))).toEqual(given.get(name(block, part)));
    const trainable = [...found]
      .filter(([key]) => !/running_|num_batches/u.test(key))
      .reduce((sum, [, { values }]) => sum + values.length, 0);
    expect(exported.parameters).toBe(trainable);
    expect(exported.parameters).toBeGreaterThan(2 * exported.stored);
    expect(JSON.parse(readFileSync(join(at("out"), "config.json"), "utf8"))).toMatchObject({
      num_hidden_layers: 5,
      position_embeddings_type: "relative",
      layerdrop: 0.1,
    });
  });
});

it("of a depth that was exported alone the folder is that of the same depth, names, vocabulary and buffers included", () => {
  importModel(modelFolder("wav2vec2_conformer_relative"), at("seed.safetensors"), {
    seedLayers: [0, 1, 0],
    depths: [4],
    order: "cycle",
    force: true,
  });
  const checkpoint = loadCheckpoint(at("seed.safetensors"));
  const config = restoreConfig(
    { ...checkpoint.state.config, unfold: { order: "repeat", depths: [2, 3, 5], shallow: "even" } },
    "test",
  );
  for (const depth of [2, 5]) {
    const schedule = scheduleOf(config, depth);
    exportFile(checkpoint, config, { depth, schedule }, at("one.safetensors"), { format: "safetensors", force: true });
    expect(loadState(at("one.safetensors")).huggingFace?.layers).toEqual(depth === 2 ? [0, 0] : [0, 1, 0]);
    exporting(at("one.safetensors"), depth);
    const alone = {
      weights: weightsOf(at("out")),
      files: readdirSync(at("out")),
      config: readFileSync(join(at("out"), "config.json"), "utf8"),
    };
    writeCheckpoint(at("all.safetensors"), checkpoint.tensors, { ...checkpoint.state, config: plainConfig(config) });
    expect(exporting(at("all.safetensors"), depth).schedule).toEqual(schedule);
    expect(alone).toEqual({
      weights: weightsOf(at("out")),
      files: readdirSync(at("out")),
      config: readFileSync(join(at("out"), "config.json"), "utf8"),
    });
  }
  checkpoint.close();
});

describe("a model that was never Hugging Face's", () => {
  const config = restoreConfig(
    {
      data: { train: "train.jsonl", dev: "dev.jsonl", sample_rate: 8000 },
      features: { kind: "waveform", normalise: false },
      model: {
        kind: "wav2vec2_conformer",
        dim: 8,
        heads: 2,
        feed_forward_dim: 12,
        blocks: 2,
        conv_dims: [4, 4],
        conv_kernels: [4, 3],
        conv_strides: [2, 2],
        positional_kernel: 4,
        positional_groups: 2,
        depthwise_kernel: 3,
        attention_mask: true,
        feature_norm: "layer",
      },
    },
    "test",
  );
  const units = new CharacterUnits([" ", "a", "|"]);
  const state: CheckpointState = {
    format: "unfold-checkpoint/1",
    config: plainConfig(config),
    units: units.toJSON(),
    cmvn: null,
    step: 3,
    seconds: 1,
    sampler: { epoch: 0, batch: 0 },
    best: null,
  };
  const { parameters } = declareModel(config, units.size, { lossScaled: false, blank: 0 });
  const tensors = new Map(
    [...parameters.savedShapes].map(([name, shape]): [string, SafeTensor] => [
      name,
      { dtype: "F32", shape, values: parameters.initialValues(name, 1) },
    ]),
  );

  it("gets files that say what it is, and can be imported", () => {
    writeCheckpoint(at("own.safetensors"), tensors, state);
    exporting(at("own.safetensors"));
    const json = (name: string): unknown => JSON.parse(readFileSync(join(at("out"), name), "utf8"));
    expect(json("preprocessor_config.json")).toMatchObject({
      do_normalize: false,
      sampling_rate: 8000,
      return_attention_mask: true,
    });
    expect(json("vocab.json")).toEqual({ "<pad>": 0, " ": 1, a: 2, "|": 3 });
    expect(json("tokenizer_config.json")).toMatchObject({
      pad_token: "<pad>",
      word_delimiter_token: " ",
      tokenizer_class: "Wav2Vec2CTCTokenizer",
    });
    expect(json("config.json")).toMatchObject({
      architectures: ["Wav2Vec2ConformerForCTC"],
      model_type: "wav2vec2-conformer",
      dtype: "float32",
      vocab_size: 4,
      pad_token_id: 0,
      mask_time_prob: 0.05,
    });
    const imported = importModel(at("out"), at("again.safetensors"), { depths: [], order: "repeat", force: true });
    expect(imported.config.model).toEqual(config.model);
    expect(imported.units?.encode("a|a a")).toEqual(Int32Array.of(2, 3, 2, 1, 2));
    const again = loadCheckpoint(at("again.safetensors"));
    expect(new Map([...again.tensors].sort())).toEqual(new Map([...tensors].sort()));
    again.close();
  });

  it.each<[string, Partial<CheckpointState>, string]>([
    [
      "a Conformer",
      { config: { model: {}, unfold: {}, data: { train: "a", dev: "b" } } },
      "is a Conformer of this project: choose safetensors or onnx",
    ],
    [
      "what Hugging Face has of HuBERT alone",
      {
        config: {
          ...plainConfig(config),
          model: { ...(plainConfig(config)["model"] as object), projection_norm: false },
        },
      },
      "model.projection_norm is false, which Hugging Face supports only for hubert",
    ],
    [
      "a damaged file in its entry",
      {
        huggingFace: {
          files: { "vocab.json": "[" },
          spelling: { prefixed: true, weightNorm: "weight_g" },
          layers: [],
          kept: {},
        },
      },
      "entry for the Hugging Face files is damaged: files: expected JSON objects of config.json, preprocessor_config.json, vocab.json",
    ],
    [
      "a damaged tensor in its entry",
      {
        huggingFace: {
          files: {},
          spelling: { prefixed: true, weightNorm: "weight_g" },
          layers: [],
          kept: { a: { dtype: "I64", shape: [5], bytes: "AAAA" } },
        },
      },
      "entry for the Hugging Face files is damaged: kept.a: its bytes do not fill its shape",
    ],
    [
      "a damaged entry",
      { huggingFace: { files: {} } as never },
      "the checkpoint's entry for the Hugging Face files is damaged: spelling",
    ],
  ])("%s is refused", (_, change, message) => {
    writeCheckpoint(at("odd.safetensors"), tensors, { ...state, ...change });
    expect(() => exporting(at("odd.safetensors"))).toThrow(UserError);
    expect(() => exporting(at("odd.safetensors"))).toThrow(message);
  });

  it("and a folder with something in it is left alone", () => {
    writeCheckpoint(at("own.safetensors"), tensors, state);
    const checkpoint = loadCheckpoint(at("own.safetensors"));
    mkdirSync(at("mine"));
    writeFileSync(join(at("mine"), "thesis.txt"), "mine");
    expect(() => exportFolder(checkpoint, at("mine"), { depth: undefined, force: false })).toThrow(
      new UserError(`${at("mine")} already exists and is not empty: choose another name, or add --force`),
    );
    expect(() => exportFolder(checkpoint, join(at("mine"), "thesis.txt"), { depth: undefined, force: true })).toThrow(
      "is a file, expected the name of a folder",
    );
    expect(() => exportFolder(checkpoint, at("no/where"), { depth: undefined, force: false })).toThrow(
      `--out: there is no folder ${at("no")}`,
    );
    expect(() => exportFolder(checkpoint, at("own.safetensors/folder"), { depth: undefined, force: false })).toThrow(
      `--out: there is no folder ${at("own.safetensors")}`,
    );
    expect(() => exportFolder(checkpoint, "", { depth: undefined, force: true })).toThrow(
      new UserError("--out: expected the name of a folder, got ''"),
    );
    expect(readdirSync(at("mine"))).toEqual(["thesis.txt"]);
    mkdirSync(join(at("mine"), "config.json"));
    expect(() => exportFolder(checkpoint, at("mine"), { depth: undefined, force: true })).toThrow(
      new UserError(`--out: ${join(at("mine"), "config.json")} is a folder, expected the name of a file`),
    );
    expect(readdirSync(at("mine"))).toEqual(["config.json", "thesis.txt"]);
    checkpoint.close();
  });
});
