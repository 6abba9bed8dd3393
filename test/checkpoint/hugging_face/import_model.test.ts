import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { VocabularyUnits } from "../../../model/units/vocabulary.ts";
import { unitsFromJSON } from "../../../model/units/restore.ts";
import { declareModel } from "../../../checkpoint/build_model.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import { loadCheckpoint, loadState } from "../../../checkpoint/checkpoint_file.ts";
import { restoreConfig } from "../../../config/config.ts";
import { expectTensors } from "../../../checkpoint/safetensors/expect_tensors.ts";
import { importSummary } from "../../../checkpoint/hugging_face/import_summary.ts";
import { importModel, type ImportOptions } from "../../../checkpoint/hugging_face/import_model.ts";
import { inspectCheckpoint } from "../../../train/memory/inspect.ts";
import { inspectionTable } from "../../../train/memory/inspection_table.ts";
import { readModelConfig } from "../../../checkpoint/hugging_face/config_json.ts";
import type { SafeTensor } from "../../../checkpoint/safetensors/safetensors.ts";
import { testDevice } from "../../test_device.ts";
import { changedFolder, MODELS, modelFolder, shard, temporaryFolder, weightsOf, type Changes } from "./folders.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const device = testDevice();
const plain: ImportOptions = { depths: [], order: "repeat", force: true };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const importing = (from: string, options: Partial<ImportOptions> = {}) =>
  importModel(from, at("seed.safetensors"), { ...plain, ...options });

describe("an imported model", () => {
  it.each(MODELS)("%s is a checkpoint that fits its own config", (name) => {
    const imported = importing(modelFolder(name), { depths: [3, 5] });
    const checkpoint = loadCheckpoint(at("seed.safetensors"));
    const { state } = checkpoint;
    const config = restoreConfig(state.config, "seed");
    const given = readModelConfig(
      JSON.parse(readFileSync(join(modelFolder(name), "config.json"), "utf8")),
      "config.json",
    );
    expect(config).toEqual(imported.config);
    expect(config.model).toMatchObject({
      kind: given.kind,
      dim: 24,
      blocks: 2,
      attentionMask: !name.endsWith("_base"),
    });
    expect(config.features).toMatchObject({ kind: "waveform", normalise: true });
    expect(config.unfold).toMatchObject({ order: "repeat", depths: [2, 3, 5] });
    expect(config.masking).toMatchObject({ timeProb: 0.05, timeLength: 10, timeMin: 2, channelProb: 0 });
    expect(config.data.sampleRate).toBe(16000);
    expect(config.loss.layerDrop).toBe(0.1);
    const units = unitsFromJSON(state.units, "seed");
    expect([units.size, units.blank]).toEqual([32, name === "wav2vec2_large" ? 31 : 0]);
    expect(units.decode(units.encode("HELLO WORLD"))).toBe("HELLO WORLD");
    expectTensors(checkpoint, declareModel(config, 32, { lossScaled: false, blank: 0 }).parameters.savedShapes);
    expect(imported).toMatchObject({
      layers: [0, 1],
      originalLayers: 2,
      schedule: [0, 0, 1, 1, 1],
      hasHead: true,
      leftOut: [],
    });
    checkpoint.close();
  });

  it("begins its blocks with the layers that were chosen", () => {
    const original = weightsOf(modelFolder("wav2vec2_conformer_relative"));
    importing(modelFolder("wav2vec2_conformer_relative"), { seedLayers: [1, 0, 1] });
    const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
    const name = (block: number, part: string) => `wav2vec2_conformer.encoder.layers.${block}.${part}`;
    for (const part of ["self_attn.pos_bias_u", "conv_module.batch_norm.running_mean", "ffn2.output_dense.weight"])
      for (const [block, layer] of [1, 0, 1].entries())
        expect(tensors.get(name(block, part))).toEqual(original.get(name(layer, part)));
    expect([...tensors.keys()].filter((key) => key.startsWith(name(3, "")))).toEqual([]);
    expect(state.huggingFace).toMatchObject({ layers: [1, 0, 1], spelling: { prefixed: true } });
    expect(Object.keys(state.huggingFace?.kept ?? {}).sort()).toEqual(
      [0, 1, 2].map((block) => name(block, "conv_module.batch_norm.num_batches_tracked")),
    );
    close();
  });

  it("of the encoder alone has no units, and no head until it is trained", () => {
    const from = changedFolder(at("encoder"), {
      of: "hubert_large",
      json: { "vocab.json": null, "tokenizer_config.json": null, "preprocessor_config.json": null },
      weights: (tensors) => {
        for (const [name, tensor] of [...tensors]) {
          tensors.delete(name);
          if (!name.startsWith("lm_head.")) tensors.set(name.replace("hubert.", ""), tensor);
        }
      },
    });
    const imported = importing(from);
    expect(imported).toMatchObject({ units: null, hasHead: false });
    const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
    expect(state.units).toBeNull();
    expect(tensors.has("lm_head.weight")).toBe(false);
    expect(tensors.get("hubert.feature_projection.projection.bias")).toEqual(
      weightsOf(modelFolder("hubert_large")).get("hubert.feature_projection.projection.bias"),
    );
    expect(restoreConfig(state.config, "seed").model).toMatchObject({ attentionMask: true }); // as the feature encoder has layer norms
    close();
  });

  it("of pretraining leaves out what only pretraining uses, and has no head for its vocabulary", () => {
    const one: SafeTensor = { dtype: "F32", shape: [1], values: Float32Array.of(1) };
    const from = changedFolder(at("pretrained"), {
      weights: (tensors) => {
        for (const name of ["lm_head.weight", "lm_head.bias"]) tensors.delete(name);
        for (const name of ["quantizer.codevectors", "project_q.bias", "project_hid.bias"]) tensors.set(name, one);
      },
    });
    const imported = importing(from);
    expect(imported).toMatchObject({ hasHead: false });
    expect([...imported.leftOut].sort()).toEqual(["project_hid.bias", "project_q.bias", "quantizer.codevectors"]);
    const { tensors, state, close } = loadCheckpoint(at("seed.safetensors"));
    expect([...tensors.keys()].filter((name) => /lm_head|quantizer|project_/u.test(name))).toEqual([]);
    expect(state.units).toMatchObject({ blank: 0, size: 32 });
    close();
  });

  it("without a head or units can be inspected, but writes no text", () => {
    const weights: Changes["weights"] = (tensors) =>
      ["lm_head.weight", "lm_head.bias"].forEach((name) => tensors.delete(name));
    const inspect = () => {
      const checkpoint = loadCheckpoint(at("seed.safetensors"));
      checkpoint.close();
      return inspectCheckpoint(device(), checkpoint);
    };
    const { parameters } = importing(changedFolder(at("headless"), { weights }));
    expect(() => openRecogniser(device(), at("seed.safetensors"))).toThrow(
      new UserError(
        `${at("seed.safetensors")} has no output layer yet: a run can start from it (init), but it cannot produce text until it has been fine-tuned`,
      ),
    );
    const inspection = inspect();
    expect(parameters.whole).toBe(parameters.encoder);
    expect(inspection).toMatchObject({ units: 32, hasHead: false, parameters });
    expect(inspection.depths.map(({ depth }) => depth)).toEqual([2]);
    expect(inspectionTable(inspection)).toContain(
      "seed.safetensors: step 0, 32 output units (vocabulary), no output layer yet\n",
    );

    importing(changedFolder(at("headless"), { weights, json: { "vocab.json": null, "tokenizer_config.json": null } }));
    expect(() => openRecogniser(device(), at("seed.safetensors"))).toThrow(
      "is an encoder without output units: a run can start from it (init)",
    );
    expect(inspectionTable(inspect())).toContain("seed.safetensors: step 0, no output units, no output layer yet\n");
  });

  it("trains with its LayerDrop, and says which dropouts it does not have", () => {
    expect(
      importing(changedFolder(at("dropouts"), { json: { "config.json": { layerdrop: 0.25 } } })).config.loss.layerDrop,
    ).toBe(0.25);
    const summaryOf = (of: (typeof MODELS)[number], json: Record<string, unknown>): string[] =>
      importSummary(importing(changedFolder(at("dropouts"), { of, json: { "config.json": json } })), "seed")
        .split("\n")
        .slice(4, -1);
    expect(summaryOf("hubert_base", {})).toEqual(["32 output classes, the blank is class 0"]);
    expect(summaryOf("hubert_base", { attention_dropout: 0.3, conformer_conv_dropout: 0.2 })).toHaveLength(1);
    expect(
      summaryOf("wav2vec2_conformer_rotary", { attention_dropout: 0.3, conformer_conv_dropout: 0.2 }).slice(-2),
    ).toEqual([
      "attention_dropout 0.3 applies to the attention weights: fine-tuning uses hidden_dropout, 0.1, after attention",
      "conformer_conv_dropout 0.2 is not supported: fine-tuning uses hidden_dropout, 0.1, after convolutions too",
    ]);
    for (const [json, rate] of [
      [{ attention_dropout: 0.3 }, 0.3],
      [{ attention_dropout: undefined }, 0.1], // transformers' default
    ] as const)
      expect(importing(changedFolder(at("dropouts"), { json: { "config.json": json } })).config.model).toMatchObject({
        attentionDropout: rate,
      });
    expect(() => importing(changedFolder(at("dropouts"), { json: { "config.json": { layerdrop: 1 } } }))).toThrow(
      "config.json: layerdrop is 1, expected less than 1",
    );
  });
  const VECTOR = "wav2vec2.masked_spec_embed";
  const weights: Changes["weights"] = (tensors) => void tensors.delete(VECTOR);
  it("may lack the vector of masked frames where it masks none", () => {
    importing(changedFolder(at("unmasked"), { json: { "config.json": { mask_time_prob: 0 } }, weights }));
    expect(loadState(at("seed.safetensors")).config["masking"]).toBeNull();
  });
  it("may lack it where it masks, as facebook/wav2vec2-base-960h does: one is drawn", () => {
    expect(importing(changedFolder(at("undrawn"), { weights })).drawsMaskVector).toBe(true);
    const { tensors } = loadCheckpoint(at("seed.safetensors"));
    expect(new Set(tensors.get(VECTOR)!.values as Float32Array).size).toBeGreaterThan(1);
  });
  it("is read from several files as from one", () => {
    const from = changedFolder(at("shards"), { of: "hubert_base" });
    const names = shard(from);
    importing(from);
    const [one, many] = [weightsOf(modelFolder("hubert_base")), loadCheckpoint(at("seed.safetensors"))];
    expect(names.length).toBeGreaterThan(40);
    expect(many.tensors.get("hubert.encoder.pos_conv_embed.conv.parametrizations.weight.original1")).toEqual(
      one.get("hubert.encoder.pos_conv_embed.conv.weight_v"),
    );
    expect(many.tensors.get("lm_head.bias")).toEqual(one.get("lm_head.bias"));
    many.close();
  });
});

describe("refused in one sentence, with nothing written:", () => {
  const tensor = (...shape: number[]): SafeTensor => ({
    dtype: "F32",
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  it.each<[string, Changes, string]>([
    [
      "tensors that are missing, not expected and of another shape, all of them",
      {
        weights: (tensors) => {
          for (const name of ["lm_head.bias", "wav2vec2.encoder.layers.1.layer_norm.bias"]) tensors.delete(name);
          tensors
            .set("classifier.weight", tensor(2))
            .set("wav2vec2.adapter.proj.weight", tensor(3))
            .set("lm_head.weight", tensor(31, 24));
        },
      },
      "the weights in FOLDER do not fit its config.json: missing: wav2vec2.encoder.layers.1.layer_norm.bias, lm_head.bias; unexpected: classifier.weight, wav2vec2.adapter.proj.weight; wrong shape or type: lm_head.weight is [31, 24], expected [32, 24]",
    ],
    [
      "NaN",
      { weights: (tensors) => void (tensors.get("lm_head.bias") as { values: Float32Array }).values.fill(NaN, 3, 4) },
      "the weights in FOLDER: lm_head.bias contains values that are not finite",
    ],
    [
      "an infinity of half precision",
      {
        weights: (tensors) =>
          void tensors.set("lm_head.bias", { dtype: "F16", shape: [32], values: new Uint16Array(32).fill(0xfc00, 31) }),
      },
      "the weights in FOLDER: lm_head.bias contains values that are not finite",
    ],
    [
      "a weight norm in both spellings, of which one would be lost",
      {
        weights: (tensors) =>
          void tensors
            .set(
              "wav2vec2.encoder.pos_conv_embed.conv.weight_g",
              (tensors.get("wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0") ??
                tensors.get("wav2vec2.encoder.pos_conv_embed.conv.weight_g")) as SafeTensor,
            )
            .set("wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0", tensor(1, 1, 16)),
      },
      "present in both spellings of weight norm: wav2vec2.encoder.pos_conv_embed.conv.parametrizations.weight.original0",
    ],
    [
      "integers",
      {
        weights: (tensors) =>
          void tensors.set("lm_head.bias", { dtype: "I32", shape: [32], values: new Int32Array(32) }),
      },
      "wrong shape or type: lm_head.bias has type I32, expected a floating-point one",
    ],
    [
      "another architecture",
      { json: { "config.json": { model_type: "whisper" } } },
      'config.json: model_type is "whisper", expected wav2vec2, hubert or wav2vec2-conformer',
    ],
    [
      "options that are not there",
      { json: { "config.json": { add_adapter: true, hidden_act: "relu", use_weighted_layer_sum: true } } },
      'config.json: hidden_act is "relu", expected gelu or swish; add_adapter is true, expected false: models with it are not supported; use_weighted_layer_sum is true, expected false: models with it are not supported',
    ],
    [
      "lists longer than any model's",
      { json: { "config.json": { num_hidden_layers: 1e12, vocab_size: 2 ** 50 } } },
      "config.json: vocab_size is 1125899906842624, Too big: expected number to be <=1000000; num_hidden_layers is 1000000000000, Too big: expected number to be <=1000",
    ],
    [
      "no word delimiter",
      { json: { "tokenizer_config.json": { word_delimiter_token: "" } } },
      'tokenizer_config.json: word_delimiter_token is "", expected a character, usually |',
    ],
    ["no config.json", { json: { "config.json": null } }, "FOLDER has no config.json"],
    [
      "a vocabulary without the padding token",
      { json: { "tokenizer_config.json": { pad_token: "[PAD]" } } },
      'vocab.json: it has no padding token "[PAD]", which serves as the CTC blank',
    ],
    [
      "another blank than the vocabulary's",
      { json: { "config.json": { pad_token_id: 3 } } },
      "pad_token_id of config.json, the blank of CTC, is 3, but the padding token of vocab.json has id 0",
    ],
    [
      "more tokens than outputs",
      { json: { "vocab.json": { Ä: 32 } } },
      'vocab.json: the token "Ä" has the number 32, but there are 32 classes',
    ],
    [
      "a tokenizer of another kind",
      { json: { "tokenizer_config.json": { tokenizer_class: "WhisperTokenizer" } } },
      'tokenizer_config.json: tokenizer_class is "WhisperTokenizer", expected Wav2Vec2CTCTokenizer',
    ],
    [
      "convolutions that do not go together",
      { json: { "config.json": { conv_stride: [5, 2] } } },
      "conv_dim, conv_kernel and conv_stride have 7, 7 and 2 entries",
    ],
  ])("%s", (_, changes, message) => {
    const from = changedFolder(at("bad"), changes);
    expectRefused(() => importing(from), message.replace("FOLDER", from));
  });

  it("files that are damaged, lie, or are not there", () => {
    const from = changedFolder(at("bad"), {});
    const weights = join(from, "model.safetensors");
    truncateSync(weights, 50_000);
    expectRefused(() => importing(from), "the file is truncated");
    writeFileSync(weights, "no weights at all");
    expectRefused(() => importing(from), "model.safetensors is not a safetensors file");
    renameSync(weights, join(from, "pytorch_model.bin"));
    expectRefused(
      () => importing(from),
      'python -c "from transformers import Wav2Vec2ForCTC; Wav2Vec2ForCTC.from_pretrained',
    );
    changedFolder(from, { json: { "config.json": { architectures: ["Wav2Vec2ForPreTraining"] } } });
    renameSync(weights, join(from, "pytorch_model.bin"));
    expectRefused(() => importing(from), "Wav2Vec2ForPreTraining.from_pretrained"); // which adds no output layer
    rmSync(join(from, "pytorch_model.bin"));
    mkdirSync(weights);
    expectRefused(() => importing(from), "model.safetensors cannot be read: EISDIR");
    rmSync(weights, { recursive: true });
    expectRefused(
      () => importing(from),
      `${from} has no weights: expected model.safetensors or model.safetensors.index.json`,
    );
    writeFileSync(join(from, "config.json"), "{");
    expectRefused(() => importing(from), "config.json is not valid JSON");
    expectRefused(() => importing(join(folder, "nowhere")), "nowhere is not a folder");
  });

  it("an index that names what is not there", () => {
    const from = changedFolder(at("bad"), {});
    const [first] = shard(from);
    const index = join(from, "model.safetensors.index.json");
    const map = JSON.parse(readFileSync(index, "utf8")) as { weight_map: Record<string, string> };
    writeFileSync(index, JSON.stringify({ weight_map: { ...map.weight_map, ghost: "a.safetensors" } }));
    expectRefused(() => importing(from), "says that a.safetensors holds the tensor ghost, which it does not");
    writeFileSync(index, JSON.stringify({ weight_map: { ...map.weight_map, [first as string]: "c.safetensors" } }));
    expectRefused(() => importing(from), "names the file c.safetensors, which does not exist");
    writeFileSync(index, JSON.stringify({ weight_map: { a: "../a.safetensors" } }));
    expectRefused(() => importing(from), "names the file ../a.safetensors, which does not exist");
  });

  it("choices of layers, depths and places", () => {
    const from = modelFolder("wav2vec2_base");
    expectRefused(() => importing(from, { seedLayers: [0, 2] }), "--seed-layers: no layer 2, the model has 2 (0 to 1)");
    expectRefused(
      () => importing(from, { seedBlocks: 3 }),
      "--seed-blocks: expected at most the model's 2 layers, got 3",
    );
    expectRefused(
      () => importing(from, { depths: [1] }),
      "--depth: expected at least one no shallower than the seed of 2 blocks, got 1",
    );
    expectRefused(() => importModel(from, at("seed.pt"), plain), "--out: expected a name that ends in .safetensors");
    writeFileSync(at("taken.safetensors"), "mine");
    expectRefused(
      () => importModel(from, at("taken.safetensors"), { ...plain, force: false }),
      "taken.safetensors already exists",
    );
    expect(readFileSync(at("taken.safetensors"), "utf8")).toBe("mine");
    const own = changedFolder(at("own"), {});
    for (const name of ["model", "config", "vocab"])
      expectRefused(
        () => importModel(own, join(own, `${name}.safetensors`), plain),
        "is one of the input files and would be lost: choose another place",
      );
    expect(weightsOf(own)).toEqual(weightsOf(from));
  });
});

it("reads do_lower_case and the delimiter of the tokenizer", () => {
  const from = changedFolder(at("lower"), { json: { "tokenizer_config.json": { do_lower_case: true } } });
  const units = importing(from).units as VocabularyUnits;
  expect(units.decode(units.encode("hello world"))).toBe("hello world");
});

function expectRefused(run: () => unknown, message: string): void {
  for (const name of ["seed.safetensors", "seed.json"]) rmSync(at(name), { force: true });
  expect(run).toThrow(UserError);
  expect(run).toThrow(message);
  expect(run).toThrow(/^[^\n]+$/u);
  expect(readdirSync(folder).filter((name) => /^seed\.|partial/u.test(name))).toEqual([]);
  expect(existsSync(at("seed.pt"))).toBe(false);
}
