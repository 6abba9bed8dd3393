import { describe, expect, it } from "vitest";
import { Parameters } from "../../../engine/parameters.ts";
import { Tape } from "../../../engine/tape.ts";
import { leaf, read, tensor } from "../../../engine/transfer.ts";
import * as layers from "../../../model/layers.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook } from "../book.ts";

// The generator is test/fixtures/ops/layers.py.
interface Attrs {
  training: boolean;
  inputs: number;
  outputs: number;
  kernel: number;
  count: number;
  channels: number;
  groups: number;
  bias?: boolean;
  /** Each layer has its own. */
  activation?: never;
  stride?: number;
  padding?: number;
  momentum?: number;
}

const device = testDevice();

/** The module of a case, under the name "layer". */
const create: Readonly<Record<string, (parameters: Parameters, attrs: Attrs) => layers.Layer>> = {
  linear: (p, { inputs, outputs, ...options }) => layers.linearLayer(p, "layer", inputs, outputs, options),
  embedding: (p, { count, channels }) => layers.embeddingLayer(p, "layer", count, channels),
  conv1d: (p, { inputs, outputs, kernel, ...options }) =>
    layers.conv1dLayer(p, "layer", inputs, outputs, kernel, options),
  conv2d: (p, { inputs, outputs, kernel, ...options }) =>
    layers.conv2dLayer(p, "layer", inputs, outputs, kernel, options),
  layerNorm: (p, { channels }) => layers.layerNormLayer(p, "layer", channels),
  groupNorm: (p, { channels, groups }) => layers.groupNormLayer(p, "layer", channels, { groups }),
  batchNorm: (p, { channels, ...options }) => layers.batchNormLayer(p, "layer", channels, options),
};

describe("ops/layers", () => {
  for (const { name, op, attrs, inputs, outputs, cotangents, grads, params, paramGrads } of loadBook<Attrs>(
    "ops/layers",
  ).cases)
    it(name, async () => {
      const parameters = new Parameters();
      const layer = create[op]!(parameters, attrs);
      parameters.seal(device());
      expect([...parameters.savedShapes.keys()].sort()).toEqual(params.names.map((own) => `layer.${own}`).sort());
      for (const [own, { values }] of params) parameters.write(`layer.${own}`, values as Float32Array);
      const { values, shape } = inputs.get("x");
      const x = grads.has("x")
        ? leaf(device(), values as Float32Array, shape)
        : tensor(device(), values as Int32Array, shape);
      const tape = new Tape(device(), { training: attrs.training });
      const y = layer(tape, x);
      tape.backward(y, tape.upload(cotangents.floats("y").values, y.shape));
      expectClose(await read(device(), y), outputs.get("y"), { shape: y.shape });
      if (grads.has("x")) expectClose(await read(device(), x.grad!), grads.get("x"));
      for (const [own, expected] of paramGrads)
        expectClose(await parameters.readOne(`layer.${own}`, "grads"), expected);
      for (const [own, expected] of outputs)
        if (own !== "y") expectClose(await parameters.readOne(`layer.${own}`), expected);
      tape.end();
      parameters.release();
    });
});
