import { expect, it } from "vitest";
import { identifyLayers } from "../../checkpoint/layer_identity.ts";
import type { SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";

const tensor = (...values: number[]): SafeTensor => ({
  dtype: "F32",
  shape: [values.length],
  values: Float32Array.from(values),
});
const halves: SafeTensor = { dtype: "BF16", shape: [2], values: Uint16Array.of(0x3f80, 0x3f00) }; // 1 and 0.5

const identify = (tensors: Record<string, SafeTensor>) =>
  identifyLayers(
    { kind: "hubert", blocks: 2 },
    { scopes: { encoder: "hubert.", firstBlock: "hubert.encoder.layers.0." } },
    new Map(Object.entries(tensors)),
  );
const at = (layer: number): string => `hubert.encoder.layers.${layer}.norm.weight`;

it("is of the blocks alone, in any order of the file and any type that holds their values", () => {
  const identity = identify({ [at(0)]: tensor(1, 0.5), [at(1)]: tensor(3) });
  expect(identity).toEqual({
    kind: "hubert",
    blocks: 2,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/u) as string,
  });
  const same = { "lm_head.bias": tensor(7), [`first_moment/${at(0)}`]: tensor(9), [at(1)]: tensor(3), [at(0)]: halves };
  expect(identify(same)).toEqual(identity);
});

it("differs with a value, a name, and the order of the blocks", () => {
  const all = [
    { [at(0)]: tensor(1, 2), [at(1)]: tensor(3) },
    { [at(0)]: tensor(1, 2), [at(1)]: tensor(4) },
    { [at(0)]: tensor(1), [at(1)]: tensor(2, 3) },
    { [at(0)]: tensor(3), [at(1)]: tensor(1, 2) },
    { [at(0)]: tensor(1, 2), "hubert.encoder.layers.1.norm.bias": tensor(3) },
  ].map((tensors) => identify(tensors).sha256);
  expect(new Set(all).size).toBe(all.length);
});
