import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadParameters, saveParameters } from "../../checkpoint/parameters_file.ts";
import { parametersFromBytes, parametersToBytes } from "../../checkpoint/safetensors/parameters.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { RunError, UserError } from "../../engine/errors.ts";
import { Parameters } from "../../engine/parameters.ts";
import { uniform } from "../../engine/random.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const folder = mkdtempSync(join(tmpdir(), "unfold-parameters-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A matrix, a frozen vector and a buffer. */
function network(seed: number): Parameters {
  const parameters = new Parameters();
  const init = (i: number, key: number): number => uniform(key, i);
  parameters.add("layer.weight", [3, 2], { init });
  parameters.add("table", [4], { init, frozen: true });
  parameters.addBuffer("norm.running_mean", [2], () => seed);
  parameters.seal(device(), { seed });
  return parameters;
}

const valuesOf = async (parameters: Parameters) => Object.fromEntries(await parameters.read("values"));

const float = (shape: readonly number[], value: number): SafeTensor => ({
  dtype: "F32",
  shape,
  values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});
const whole = { "layer.weight": float([3, 2], 1), table: float([4], 2), "norm.running_mean": float([2], 3) };

describe("parameters in a safetensors file", () => {
  it("come back bit for bit, in another network of the same shapes", async () => {
    const [saved, loaded] = [network(1), network(2)];
    const path = join(folder, "whole.safetensors");
    await saveParameters(saved, path);
    expect(await valuesOf(loaded)).not.toEqual(await valuesOf(saved));
    loadParameters(loaded, path);
    expect(await valuesOf(loaded)).toEqual(await valuesOf(saved));
    const { tensors } = parseSafetensors(readFileSync(path), path);
    expect([...tensors.keys()].sort()).toEqual(["layer.weight", "norm.running_mean", "table"]);
  });

  it("are the same bytes in memory", async () => {
    const parameters = network(1);
    const path = join(folder, "bytes.safetensors");
    await saveParameters(parameters, path);
    const bytes = await parametersToBytes(parameters);
    expect(Buffer.from(bytes).equals(readFileSync(path))).toBe(true);
    const other = network(2);
    parametersFromBytes(other, bytes);
    expect(await valuesOf(other)).toEqual(await valuesOf(parameters));
  });

  it("are accepted in half precision, and with PyTorch's count of batches", async () => {
    const parameters = network(1);
    const count: SafeTensor = { dtype: "I64", shape: [], values: BigInt64Array.of(7n) };
    const half: SafeTensor = { dtype: "F16", shape: [4], values: Uint16Array.of(0x3c00, 0xc000, 0, 0x3800) };
    parametersFromBytes(parameters, serialiseSafetensors({ ...whole, table: half, "norm.num_batches_tracked": count }));
    expect([...(await parameters.readOne("table"))]).toEqual([1, -2, 0, 0.5]);
  });

  it.each<[string, Record<string, SafeTensor>, string]>([
    [
      "one of another shape and one that is missing",
      { "layer.weight": float([2, 3], 1), table: float([4], 2) },
      "layer.weight is [2, 3], expected [3, 2]; norm.running_mean is missing",
    ],
    ["one more", { ...whole, "layer.bias": float([3], 0) }, "it also has layer.bias"],
    [
      "whole numbers",
      { ...whole, table: { dtype: "I32", shape: [4], values: new Int32Array(4) } },
      "table has type I32, expected a floating-point one",
    ],
  ])("are refused with %s, and nothing is changed", async (_, tensors, fault) => {
    const parameters = network(1);
    const before = await valuesOf(parameters);
    const path = join(folder, "other.safetensors");
    writeFileSync(path, serialiseSafetensors(tensors));
    expect(() => loadParameters(parameters, path)).toThrow(
      new UserError(`${path} does not fit these parameters: ${fault}`),
    );
    expect(await valuesOf(parameters)).toEqual(before);
  });

  it("say that there is no file, that it is cut, or that it cannot be written", async () => {
    const parameters = network(1);
    expect(() => loadParameters(parameters, join(folder, "none"))).toThrow(/none does not exist/);
    const path = join(folder, "cut.safetensors");
    writeFileSync(path, (await parametersToBytes(parameters)).subarray(0, -4));
    expect(() => loadParameters(parameters, path)).toThrow(UserError);
    await expect(saveParameters(parameters, join(folder, "no", "folder"))).rejects.toThrow(RunError);
  });
});
