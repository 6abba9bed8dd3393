import { UserError } from "../../engine/errors.ts";
import { numberToHalf } from "../../engine/half.ts";
import { toFloat32 } from "../../checkpoint/safetensors/half_precision.ts";
import { parseSafetensors, serialiseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import type { DepthResult, Unfolded } from "../protocol.ts";

/** What of a result is text and small numbers. */
type Described = Omit<Unfolded, "depths"> & { depths: Omit<DepthResult, "logProbs" | "norms">[] };

/** The results of all clips as one file, with f16 matrices: for browsers without WebGPU. */
export function recordResults(clips: readonly Unfolded[]): Uint8Array {
  const tensors = new Map<string, SafeTensor>();
  const described = clips.map(({ depths, ...rest }, clip): Described => {
    const described = depths.map(({ logProbs, norms, ...result }) => {
      tensors.set(`${clip}/${result.depth}/log_probs`, half(logProbs, rest.frames));
      tensors.set(`${clip}/${result.depth}/norms`, half(norms, result.depth));
      return result;
    });
    return { ...rest, depths: described };
  });
  return serialiseSafetensors(tensors, { clips: JSON.stringify(described) });
}

/** The results of one clip from that file. */
export function recallResults(bytes: Uint8Array, clip: number): Unfolded {
  const { tensors, metadata } = parseSafetensors(bytes, "the recorded results");
  const described = (JSON.parse(metadata["clips"] ?? "[]") as Described[])[clip];
  if (!described) throw new UserError(`there are no recorded results of clip ${clip + 1}`);
  const values = (name: string): Float32Array => toFloat32(tensors.get(name) as SafeTensor);
  return {
    ...described,
    depths: described.depths.map((result) => ({
      ...result,
      logProbs: values(`${clip}/${result.depth}/log_probs`),
      norms: values(`${clip}/${result.depth}/norms`),
    })),
  };
}

/** A matrix of so many rows. */
const half = (values: Float32Array, rows: number): SafeTensor => ({
  dtype: "F16",
  shape: [rows, values.length / rows],
  values: Uint16Array.from(values, numberToHalf),
});
