import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scheduleOf } from "../../../config/depths.ts";
import { type Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { loadCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { restoreConfig, type TrainConfig } from "../../../config/config.ts";
import { exportFile, formatOf } from "../../../checkpoint/export/export_file.ts";
import { inspectCheckpoint } from "../../../train/memory/inspect.ts";
import { testDevice } from "../../test_device.ts";
import { hybridOutput } from "./engine_output.ts";
import { sampleCheckpoint, sampleFeatures } from "./sample_checkpoint.ts";

const device = testDevice();
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-fixed-depth-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (
  { checkpoint, config }: { checkpoint: Checkpoint; config: TrainConfig },
  depth: number,
  out: string,
  force = false,
) =>
  exportFile(checkpoint, config, { depth, schedule: scheduleOf(config, depth) }, out, {
    format: formatOf(out, undefined),
    force,
  });

const utterances = [sampleFeatures(50, 1), sampleFeatures(33, 2)];
/** What a decoder reads, if there is one: its sentence's start, then labels. */
const prefixes = [
  [6, 2],
  [6, 4, 1],
];

describe("one depth as a checkpoint of its own", () => {
  it.each<[string, number, number[], string[]]>([
    ["all blocks, repeated", 4, [0, 0, 1, 1], []],
    ["only one block repeated", 3, [0, 0, 1], ["unfold.repeatable=[0]", "unfold.depths=[2, 3]"]],
    ["the seed", 2, [0, 1], ["unfold.order=cycle"]],
    [
      "evenly spaced blocks",
      2,
      [0, 1],
      ["model.blocks=4", "unfold.shallow=even", "unfold.depths=[2, 6]", "loss.middle_depths=1"],
    ],
    [
      "some of the blocks, in an order of its own",
      3,
      [1, 0, 1],
      ["model.blocks=3", "unfold.order=[2, 0, 2, 1]", "unfold.depths=[3, 4]"],
    ],
    ["norms of its own", 2, [0, 1], ["model.norms=per_depth", "loss.depth_weights={2: 0.5, 3: 0.5, 4: 1}"]],
    ["batch norm of its own", 4, [0, 0, 1, 1], ["model.norms=per_depth", "model.conv_norm=batch_norm"]],
    [
      "a hybrid trained in f16, with its decoder",
      2,
      [0, 1],
      ["model.decoder={blocks: 2, feed_forward_dim: 24}", "precision=f16"],
    ],
  ])("gives the same numbers to the last bit and holds no others: %s", async (_, depth, schedule, sets) => {
    const sample = await sampleCheckpoint(device(), folder, ...sets);
    const out = join(folder, "one.safetensors");
    const { parameters, bytes } = write(sample, depth, out, true);
    const { model } = sample.config;
    const isHybrid = model.kind === "conformer" && model.decoder !== null;
    const output = await hybridOutput(device(), out, depth, utterances, prefixes);
    expect(output).toEqual(await hybridOutput(device(), sample.checkpoint.path, depth, utterances, prefixes));
    expect(output.decoder).toHaveLength(isHybrid ? 2 : 0);

    const {
      path,
      depths: [original],
    } = inspectOnly(sample.checkpoint, depth);
    const inspection = inspectCheckpoint(device(), loadCheckpoint(out));
    expect(inspection).toMatchObject({
      step: 7,
      bestWer: depth === sample.config.unfold.depths.at(-1) ? 0.25 : null,
      parameters: original!.parameters,
      depths: [{ depth, schedule, parameters: original!.parameters, untied: original!.untied }],
    });
    expect(parameters).toBe(original!.parameters.whole);
    expect(bytes).toBe(statSync(out).size);
    expect(bytes).toBeLessThan(statSync(path).size / 3 + 4000); // no moments
    expect(JSON.parse(readFileSync(join(folder, "one.json"), "utf8"))).toEqual(loadCheckpoint(out).state);
  });

  it("refuses other depths where each has its own norms", async () => {
    const out = join(folder, "own.safetensors");
    write(await sampleCheckpoint(device(), folder, "model.norms=per_depth"), 2, out);
    const config = restoreConfig(loadCheckpoint(out).state.config, out);
    expect(() => scheduleOf(config, 4)).toThrow(/^depth 4 has no norms: model.norms is per_depth, for the depths 2$/u);
  });
});

/** What inspect says of one depth of a checkpoint. */
function inspectOnly(checkpoint: Checkpoint, depth: number) {
  const inspection = inspectCheckpoint(device(), checkpoint);
  return { path: checkpoint.path, depths: inspection.depths.filter((row) => row.depth === depth) };
}

describe("what is written over, and what is not", () => {
  it.each(["safetensors", "onnx"])("a file that is there stays as it is without --force: .%s", async (format) => {
    const sample = await sampleCheckpoint(device(), folder);
    const out = join(folder, `there.${format}`);
    writeFileSync(out, "before");
    expect(() => write(sample, 4, out)).toThrow(
      new RegExp(`there\\.${format} already exists: choose another name, or add --force$`, "u"),
    );
    expect(readFileSync(out, "utf8")).toBe("before");
    expect(write(sample, 4, out, true).bytes).toBe(statSync(out).size);
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("nor is the JSON beside it, nor ever the checkpoint itself", async () => {
    const sample = await sampleCheckpoint(device(), folder);
    const before = readFileSync(sample.checkpoint.path);
    expect(() => write(sample, 4, sample.checkpoint.path, true)).toThrow(
      / is the checkpoint itself, which would lose its other depths: choose another name$/u,
    );
    expect(readFileSync(sample.checkpoint.path).equals(before)).toBe(true);
    writeFileSync(join(folder, "notes.json"), "{}");
    expect(() => write(sample, 4, join(folder, "notes.safetensors"))).toThrow(/notes\.json already exists/u);
  });

  it("a checkpoint that lacks a tensor is refused before anything is written", async () => {
    const { checkpoint, config } = await sampleCheckpoint(device(), folder);
    const name = "encoder.encoders.1.self_attn.pos_bias_u";
    const tensors = new Map([...checkpoint.tensors].filter(([key]) => key !== name));
    const out = join(folder, "lacking.onnx");
    expect(() => write({ checkpoint: { ...checkpoint, tensors }, config }, 4, out)).toThrow(
      `${checkpoint.path} does not fit the model of its config: ${name} is missing`,
    );
    expect(readdirSync(folder)).not.toContain("lacking.onnx");
  });

  it("a name must be of one format, in a folder that is there", async () => {
    const sample = await sampleCheckpoint(device(), folder);
    expect(formatOf("model.onnx", undefined)).toBe("onnx");
    expect(() => formatOf("model.safetensors", "onnx")).toThrow(
      "--out: expected a name that ends in .onnx, got 'model.safetensors'",
    );
    expect(() => formatOf("model.onnx", "pickle")).toThrow("--format: expected safetensors, onnx or hf, got 'pickle'");
    expect(() => formatOf("model.pt", undefined)).toThrow(
      "--out: expected a name that ends in .safetensors or .onnx, got 'model.pt'",
    );
    expect(() => write(sample, 4, join(folder, "nowhere", "model.onnx"))).toThrow(
      `--out: there is no folder ${join(folder, "nowhere")}`,
    );
    expect(readdirSync(folder)).not.toContain("nowhere");
    mkdirSync(join(folder, "taken.onnx"));
    expect(() => write(sample, 4, join(folder, "taken.onnx"), true)).toThrow(
      /taken\.onnx is a folder, expected the name of a file$/u,
    );
  });
});
