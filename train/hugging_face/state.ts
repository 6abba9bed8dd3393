import { z } from "zod";
import { UserError } from "../../engine/errors.ts";
import type { SafeTensor } from "../safetensors.ts";
import { bytesOf, viewValues } from "../safetensors_header.ts";

const keptSchema = z.object({ dtype: z.enum(["F32", "F16", "BF16", "I32", "I64", "U8"]), shape: z.array(z.int().min(0)), bytes: z.base64() });

const stateSchema = z.object({
  /** Text of the folder's files, by name. */
  files: z.record(z.string(), z.string()),
  spelling: z.object({ prefixed: z.boolean(), weightNorm: z.enum(["weight_g", "parametrizations"]) }),
  /** Of each physical block, the layer that it began with. */
  layers: z.array(z.int().min(0)),
  /** Buffers that this project does not use, by name. */
  kept: z.record(z.string(), keptSchema),
});

/** What a checkpoint keeps of the Hugging Face folder that it began with, so that an export can write one like it. */
export type HuggingFaceState = z.output<typeof stateSchema>;

/** Reads a checkpoint's entry. Throws a UserError that begins with the source if it is none. */
export function parseHuggingFaceState(json: unknown, source: string): HuggingFaceState {
  const parsed = stateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UserError(`${source}: the checkpoint's entry of Hugging Face's files is damaged: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`);
}

/** A small tensor as JSON, and back. */
export const packTensor = ({ dtype, shape, values }: SafeTensor): HuggingFaceState["kept"][string] => ({
  dtype,
  shape: [...shape],
  bytes: Buffer.from(bytesOf({ name: "kept", shape }, values)).toString("base64"),
});

export const unpackTensor = ({ dtype, shape, bytes }: HuggingFaceState["kept"][string]): SafeTensor =>
  ({ dtype, shape, values: viewValues({ dtype }, Uint8Array.from(Buffer.from(bytes, "base64"))) }) as SafeTensor;
