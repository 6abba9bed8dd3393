import { createHash } from "node:crypto";
import type { CtcModel } from "../model/ctc_model.ts";
import { toFloat32 } from "./safetensors/half_precision.ts";
import type { SafeTensor } from "./safetensors/safetensors.ts";

/** Tells the physical blocks of one model from those of another. */
export interface LayerIdentity {
  /** The config's `model.kind`. */
  readonly kind: string;
  /** Number of physical blocks. */
  readonly blocks: number;
  /** SHA-256 of the names and values of all their tensors, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Identifies a model's blocks. Values count as float32, so a model keeps its identity in another floating-point type
 * that holds them, as an imported checkpoint of all layers, and when it is exported again. The head and whatever precedes
 * the first block do not count.
 *
 * @param tensors by the model's names; others are ignored. Values are read one tensor at a time
 */
export function identifyLayers(
  { kind, blocks }: Pick<LayerIdentity, "kind" | "blocks">,
  { scopes: { firstBlock } }: Pick<CtcModel, "scopes">,
  tensors: ReadonlyMap<string, SafeTensor>,
): LayerIdentity {
  const prefix = firstBlock.slice(0, -"0.".length);
  const hash = createHash("sha256");
  for (const name of [...tensors.keys()].filter((key) => key.startsWith(prefix)).sort()) {
    const { buffer, byteOffset, byteLength } = toFloat32(tensors.get(name) as SafeTensor);
    hash.update(`${name}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return { kind, blocks, sha256: hash.digest("hex") };
}
