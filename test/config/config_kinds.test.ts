import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { wav2vec2Defaults } from "../../model/wav2vec2/config.ts";
import { modelFrames } from "../../config/model_config.ts";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { configReference } from "../../config/reference.ts";
import { configDifferences } from "../../train/run/config_difference.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-kinds-"));
  file = join(folder, "config.yaml");
  writeFileSync(
    file,
    "data: { train: a.jsonl, dev: b.jsonl }\nfeatures: { kind: waveform }\nmodel: { kind: wav2vec2 }\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (...sets: string[]) => loadConfig(file, sets);
const faults = (...sets: string[]): string => {
  try {
    load(...sets);
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(`${file}, `, "");
    throw error;
  }
  return "";
};

describe("a config of wav2vec 2.0", () => {
  it("is that of the base model unless it says otherwise, with masks and without SpecAugment", () => {
    const { model, masking, specAugment, features } = load();
    const { inputDim, blank, ...base } = wav2vec2Defaults;
    expect([inputDim, blank]).toEqual([1, 0]);
    expect(model).toEqual(base);
    expect(features).toEqual({ kind: "waveform", normalise: true });
    expect(masking).toEqual({
      timeProb: 0.05,
      timeLength: 10,
      timeMin: 2,
      channelProb: 0,
      channelLength: 10,
      channelMin: 0,
    });
    expect(specAugment).toBeNull();
    expect(load("masking=null").masking).toBeNull();
  });

  it("has relative positions of kind wav2vec2_conformer alone", () => {
    expect(load("model.kind=wav2vec2_conformer").model).toMatchObject({ positions: "relative" });
    expect(load("model.kind=hubert").model).toMatchObject({ positions: "none" });
  });

  it("hides padding from attention with layer norms and not with a group norm, unless it says otherwise", () => {
    const masked = (...sets: string[]): unknown => (load(...sets).model as { attentionMask?: boolean }).attentionMask;
    expect([
      masked(),
      masked("model.feature_norm=layer"),
      masked("model.feature_norm=layer", "model.attention_mask=false"),
    ]).toEqual([false, true, false]);
  });

  it("is the same after it was kept as plain values", () => {
    const config = load(
      "model.conv_dims=[16, 8]",
      "model.conv_kernels=[10, 3]",
      "model.conv_strides=[5, 2]",
      "masking.time_prob=0.5",
    );
    expect(restoreConfig(plainConfig(config), "kept")).toEqual(config);
    expect(configDifferences(load("model.dropout=0.2"), plainConfig(load()), "kept")).toEqual([
      "model.dropout was 0, is now 0.2",
    ]);
    expect(configDifferences(load("init=null"), { ...plainConfig(load()), init: "seed.safetensors" }, "kept")).toEqual(
      [],
    );
  });

  it("counts frames as its convolutions do: 400 samples give the first, 320 more each other one", () => {
    const { outputFrames, minInputFrames, stride } = modelFrames(
      load("model.dim=16", "model.heads=2", "model.positional_groups=2", "model.blocks=1"),
    );
    expect([minInputFrames, stride]).toEqual([400, 320]);
    expect([399, 400, 719, 720, 16000].map(outputFrames)).toEqual([0, 1, 1, 2, 49]);
  });

  it.each([
    [
      "features.kind=fbank",
      "--set features.kind=fbank: features.kind is fbank, but model.kind wav2vec2 reads waveform.",
    ],
    ["model.kind=conformer", "line 2: features.kind is waveform, but model.kind conformer reads fbank."],
    ["features.bins=40", "--set features.bins=40: features.bins belongs to kind fbank, but features.kind is waveform."],
    [
      "model.norms=per_depth",
      "--set model.norms=per_depth: model.norms belongs to kind conformer, but model.kind is wav2vec2.",
    ],
    [
      "model.kind=whisper",
      '--set model.kind=whisper: model.kind: expected "conformer" or "wav2vec2" or "hubert" or "wav2vec2_conformer", got "whisper".',
    ],
    [
      "spec_augment={}",
      "--set spec_augment={}: spec_augment hides mel bins, but features.kind is waveform: set masking instead.",
    ],
    [
      "data.cmvn=stats.json",
      "--set data.cmvn=stats.json: data.cmvn applies to log-mel features, but features.kind is waveform, where each utterance is normalised by itself.",
    ],
    ["model.heads=5", "--set model.heads=5: model.heads is 5, which does not divide model.dim 768."],
    [
      "model.positional_groups=5",
      "--set model.positional_groups=5: model.positional_groups is 5, which does not divide model.dim 768.",
    ],
    [
      "model.conv_strides=[5, 2]",
      "--set model.conv_strides=[5, 2]: model.conv_strides lists 2 convolutions, but model.conv_dims lists 7.",
    ],
    [
      "model.positions=rotary",
      "--set model.positions=rotary: model.positions belongs to kind wav2vec2_conformer, but model.kind is wav2vec2.",
    ],
    [
      "model.conv_kernels=[]",
      "--set model.conv_kernels=[]: model.conv_kernels: expected a list of at least one number, got [].",
    ],
    [
      "masking.time_prob=1.5",
      "--set masking.time_prob=1.5: masking.time_prob: expected a number from 0 to 1, got 1.5.",
    ],
    [
      "init=gone.safetensors",
      "--set init=gone.safetensors: init: the checkpoint FOLDER/gone.safetensors cannot be read: there is no such file.",
    ],
    ["init=3", "--set init=3: init: expected the path of a checkpoint, got 3."],
  ])("%s is refused in one sentence", (set, message) => {
    expect(faults(set)).toBe(message.replace("FOLDER", folder));
  });

  it("pairs of sine and cosine are refused for an odd number of channels, relative positions being what is left out", () => {
    const odd = ["model.kind=wav2vec2_conformer", "model.dim=15", "model.heads=3", "model.positional_groups=5"];
    for (const relative of [[], ["model.positions=relative"]])
      expect(faults(...odd, ...relative)).toBe(
        "--set model.dim=15: model.dim is 15, expected an even number, because relative positions are pairs of sine and cosine.",
      );
    expect(load(...odd, "model.positions=none").model.dim).toBe(15);
  });

  it("kind and keys of a Conformer are refused where it is one, and of a Conformer masks", () => {
    writeFileSync(
      join(folder, "conformer.yaml"),
      "data: { train: a.jsonl, dev: b.jsonl }\nmodel: { conv_dims: [8] }\n",
    );
    expect(() => loadConfig(join(folder, "conformer.yaml"))).toThrow(
      "model.conv_dims belongs to kind wav2vec2 or hubert or wav2vec2_conformer, but model.kind is conformer.",
    );
    writeFileSync(join(folder, "conformer.yaml"), "data: { train: a.jsonl, dev: b.jsonl }\nmasking: {}\n");
    expect(() => loadConfig(join(folder, "conformer.yaml"))).toThrow(
      "masking applies to wav2vec 2.0 and HuBERT, but model.kind is conformer: set spec_augment instead.",
    );
  });

  it("stands in the reference by itself, with its own defaults", () => {
    const model = /### model\n[^]*?###/u.exec(configReference())![0];
    expect(model).toContain("Of kind conformer:");
    expect(model).toContain("Of kind wav2vec2, hubert, wav2vec2_conformer:");
    expect(model).toMatch(/\| `dim` \| `256` [^]+\| `dim` \| `768` /u);
  });
});
