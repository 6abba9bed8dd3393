import { describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { Tape, type TapeOptions } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import { square } from "../../kernels/pointwise/unary.ts";
import { conv2dLayer, dropoutLayer, embeddingLayer, linearLayer, sequential, type Layer } from "../../model/layers.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

async function outputOf(layer: Layer, options: TapeOptions = {}): Promise<number[]> {
  const tape = new Tape(device(), options);
  const values = await read(device(), layer(tape, tape.filled([1, 1000], 1)));
  tape.end();
  return [...values];
}

describe("layers", () => {
  it("start as PyTorch's do: within 1/√inputs, and embeddings with variance 1", () => {
    const parameters = new Parameters();
    linearLayer(parameters, "linear", 16, 64);
    conv2dLayer(parameters, "conv", 4, 64, [3, 3]);
    embeddingLayer(parameters, "table", 500, 8);
    for (const [name, bound] of [
      ["linear.weight", 1 / 4],
      ["linear.bias", 1 / 4],
      ["conv.weight", 1 / 6],
      ["conv.bias", 1 / 6],
    ] as const) {
      const values = [...parameters.initialValues(name, 1)].map(Math.abs);
      expect(Math.max(...values), name).toBeLessThanOrEqual(bound);
      expect(Math.max(...values), name).toBeGreaterThan(0.8 * bound);
    }
    const table = parameters.initialValues("table.weight", 1);
    expect(table.reduce((sum, x) => sum + x * x, 0) / table.length).toBeCloseTo(1, 1);
  });

  it("follow one another, with operations of one tensor between them", async () => {
    const twice: Layer = (tape, x) => square(tape, square(tape, x));
    const tape = new Tape(device());
    const y = sequential(square, twice)(tape, tape.filled([1], 1.5));
    expect(await y.item()).toBeCloseTo(1.5 ** 8, 4);
    tape.end();
  });

  it("drop by name, seed and step, in training only", async () => {
    const layer = dropoutLayer("a", 0.25);
    const first = await outputOf(layer);
    expect(first.filter((x) => x === 0).length).toBeGreaterThan(200);
    expect(first.filter((x) => x === 0).length).toBeLessThan(300);
    expect(new Set(first)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(await outputOf(layer)).toEqual(first);
    expect(await outputOf(dropoutLayer("b", 0.25))).not.toEqual(first);
    expect(await outputOf(layer, { step: 1 })).not.toEqual(first);
    expect(new Set(await outputOf(layer, { grad: false }))).toEqual(new Set([1]));
  });
});
