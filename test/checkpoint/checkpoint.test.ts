import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RunError, UserError } from "../../engine/errors.ts";
import { restoreParameters, type CheckpointState } from "../../checkpoint/checkpoint.ts";
import { loadCheckpoint, saveCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { plainConfig } from "../../config/config.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel } from "../train/small_model.ts";

const device = testDevice();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-checkpoint-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const config = smallConfig("model.conv_norm=batch_norm"); // which has buffers besides its parameters
const state: CheckpointState = {
  format: "unfold-checkpoint/1",
  config: plainConfig(config),
  units: new CharacterUnits([" ", "a", "b", "c", "d"]).toJSON(),
  cmvn: { frames: 3, mean: new Array(10).fill(0.1), variance: new Array(10).fill(1) },
  step: 7,
  seconds: 1.5,
  sampler: { epoch: 1, batch: 2 },
  best: { wer: 0.25, step: 5 },
  unlogged: [{ loss: 0.1, kl: 1e-9 }],
  trainingSet: "abc",
};

/** Saves a model whose values and moments all differ. */
async function save(name: string, { moments }: { moments: boolean }) {
  const { parameters } = smallModel(device(), config, true);
  for (const [i, { name: parameter, tensor }] of parameters.all.entries()) {
    parameters.write(
      parameter,
      Float32Array.from({ length: tensor.size }, (_, k) => Math.sin(i + k)),
    );
    parameters.write(
      parameter,
      Float32Array.from({ length: tensor.size }, (_, k) => Math.cos(i + k)),
      "firstMoment",
    );
    parameters.write(
      parameter,
      Float32Array.from({ length: tensor.size }, (_, k) => 1 / (1 + i + k)),
      "secondMoment",
    );
  }
  for (const { name: buffer, tensor } of parameters.buffers)
    parameters.write(buffer, new Float32Array(tensor.size).fill(0.7));
  await saveCheckpoint(at(name), parameters, state, { moments });
  return parameters;
}

const changed = (file: string, change: (tensors: Map<string, SafeTensor>) => void): string => {
  const { tensors, metadata } = parseSafetensors(readFileSync(at(file)), file);
  const copy = new Map(tensors);
  change(copy);
  writeFileSync(at("changed.safetensors"), serialiseSafetensors(copy, metadata));
  return at("changed.safetensors");
};

describe("a checkpoint", () => {
  it("gives back every value, moment and buffer, and the state", async () => {
    const saved = await save("last.safetensors", { moments: true });
    const checkpoint = loadCheckpoint(at("last.safetensors"));
    expect(checkpoint.state).toEqual(state);
    expect(JSON.parse(readFileSync(at("last.json"), "utf8"))).toEqual(state);
    const { parameters } = smallModel(device(), config, true);
    expect(parameters.buffers.length).toBeGreaterThan(0);
    restoreParameters(checkpoint, parameters, { moments: true });
    for (const flat of ["values", "firstMoment", "secondMoment"] as const)
      expect(await parameters.read(flat)).toEqual(await saved.read(flat));
    expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("without moments is for recognition: resuming from it is refused, and a folder stands for its best one", async () => {
    await save("best.safetensors", { moments: false });
    const checkpoint = loadCheckpoint(folder);
    expect(checkpoint.path).toBe(at("best.safetensors"));
    const { parameters } = smallModel(device(), config, true);
    restoreParameters(checkpoint, parameters, { moments: false });
    expect(() => restoreParameters(checkpoint, parameters, { moments: true })).toThrow(
      new UserError(`${at("best.safetensors")} holds no optimiser state: resume from last.safetensors`),
    );
  });

  it("with an infinite error rate, as where dev has no words, can be resumed", async () => {
    const { parameters } = smallModel(device(), config);
    await saveCheckpoint(
      at("infinite.safetensors"),
      parameters,
      { ...state, best: { wer: Infinity, step: 5 } },
      { moments: false },
    );
    expect(loadCheckpoint(at("infinite.safetensors")).state.best).toEqual({ wer: Infinity, step: 5 });
  });

  it("with weights that are no numbers is not written, unless they are what is to be seen", async () => {
    const { parameters } = smallModel(device(), config);
    await saveCheckpoint(at("finite.safetensors"), parameters, state, { moments: false });
    const before = readFileSync(at("finite.safetensors"));
    parameters.write("ctc_lo.bias", Float32Array.of(0, 1, Infinity, 0, 0, 0));
    await expect(saveCheckpoint(at("finite.safetensors"), parameters, state, { moments: false })).rejects.toThrow(
      new RunError(
        `the weights ctc_lo.bias contain Infinity after step 7, so ${at("finite.safetensors")} was not written; the previous one, if any, is untouched`,
      ),
    );
    expect(readFileSync(at("finite.safetensors")).equals(before)).toBe(true);
    await saveCheckpoint(at("finite.safetensors"), parameters, state, { moments: false, finite: false });
    expect(loadCheckpoint(at("finite.safetensors")).tensors.get("ctc_lo.bias")!.values[2]).toBe(Infinity);
  });

  it.each<[string, (tensors: Map<string, SafeTensor>) => void, string]>([
    ["a missing value", (all) => all.delete("ctc_lo.bias"), "ctc_lo.bias is missing"],
    [
      "a moment of another shape",
      (all) => all.set("second_moment/ctc_lo.bias", { dtype: "F32", shape: [2], values: new Float32Array(2) }),
      "second_moment/ctc_lo.bias is [2], expected [6]",
    ],
    [
      "integers",
      (all) => all.set("ctc_lo.bias", { dtype: "I32", shape: [6], values: new Int32Array(6) }),
      "ctc_lo.bias has type I32, expected a floating-point one",
    ],
  ])("with %s is refused before anything is changed", async (_, change, fault) => {
    await save("last.safetensors", { moments: true });
    const checkpoint = loadCheckpoint(changed("last.safetensors", change));
    const { parameters } = smallModel(device(), config, true);
    const before = await parameters.read("values");
    expect(() => restoreParameters(checkpoint, parameters, { moments: true })).toThrow(
      new UserError(`${checkpoint.path} does not fit the model of its config: ${fault}`),
    );
    expect(await parameters.read("values")).toEqual(before);
  });

  it("of half precision is widened", async () => {
    await save("last.safetensors", { moments: false });
    const file = changed("last.safetensors", (all) =>
      all.set("ctc_lo.bias", {
        dtype: "BF16",
        shape: [6],
        values: Uint16Array.of(0x3f80, 0xbf80, 0, 0x4000, 0x3f00, 0x4040),
      }),
    );
    const { parameters } = smallModel(device(), config);
    restoreParameters(loadCheckpoint(file), parameters, { moments: false });
    expect([...(await parameters.read("values")).get("ctc_lo.bias")!.values]).toEqual([1, -1, 0, 2, 0.5, 3]);
  });
});

it("a checkpoint is not read from standard input", () => {
  expect(() => loadCheckpoint("-")).toThrow(
    new UserError(
      "a checkpoint does not come from standard input, since tensors are read where they are needed: give a file or a run folder",
    ),
  );
});

describe("writing", () => {
  it("that fails names the file, and leaves what was there and nothing else", () => {
    const path = at("kept.bin");
    writeAtomically(path, Buffer.from("old"));
    mkdirSync(`${path}.partial`); // cannot be opened as a file
    expect(() => writeAtomically(path, Buffer.from("new"))).toThrow(RunError);
    expect(() => writeAtomically(path, Buffer.from("new"))).toThrow(
      /^.*kept\.bin could not be written: .+; the previous one, if any, is untouched$/,
    );
    expect(readFileSync(path, "utf8")).toBe("old");
    rmSync(`${path}.partial`, { recursive: true });
  });

  it("takes the place of what an earlier kill left half-written", () => {
    writeFileSync(at("again.bin.partial"), "half of something longer");
    writeAtomically(at("again.bin"), Buffer.from("new"));
    expect(readFileSync(at("again.bin"), "utf8")).toBe("new");
    expect(existsSync(at("again.bin.partial"))).toBe(false);
  });
});
