import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import type { SafeTensor } from "../safetensors/safetensors.ts";
import { bytesIn, bytesOf, viewValues } from "../safetensors/header.ts";
import { inLayer, layerOf } from "./spelling.ts";

/** Files that an export updates where they are out of date. The others are copied verbatim. */
const PARSED = ["config.json", "preprocessor_config.json", "vocab.json"];

const keptSchema = z
  .object({
    dtype: z.enum(["F32", "F16", "BF16", "I32", "I64", "U8"]),
    shape: z.array(z.int().min(0)),
    bytes: z.base64(),
  })
  .refine(
    ({ dtype, shape, bytes }) => fromBase64(bytes).length === bytesIn({ dtype, shape }),
    "its bytes do not fill its shape",
  );

const stateSchema = z.object({
  /** Contents of the folder's text files, by name. */
  files: z
    .record(z.string(), z.string())
    .refine(
      (files) => PARSED.every((name) => isJsonObject(files[name] ?? "{}")),
      `expected JSON objects of ${PARSED.join(", ")}`,
    ),
  spelling: z.object({ prefixed: z.boolean(), weightNorm: z.enum(["weight_g", "parametrizations"]) }),
  /** For each physical block, the layer that initialised it. */
  layers: z.array(z.int().min(0)),
  /** Whether the weights include the mask vector, regardless of config.json; if undefined, config.json decides. */
  maskVector: z.boolean().optional(),
  /** Buffers that this project does not use, by name. */
  kept: z.record(z.string(), keptSchema),
});

/** What a checkpoint keeps of the Hugging Face folder it came from, so that an export can write a matching one. */
export type HuggingFaceState = z.output<typeof stateSchema>;

/** Validates a checkpoint's entry. Throws a UserError that begins with the source if it is invalid. */
export function parseHuggingFaceState(json: unknown, source: string): HuggingFaceState {
  const parsed = stateSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `${source}: the checkpoint's entry for the Hugging Face files is damaged: ${parsed.error.issues[0]?.path.join(".")}: ${parsed.error.issues[0]?.message}`,
  );
}

/** Restricts the state to some of the blocks: block i is the former block `used[i]`. */
export function ofBlocks(
  { kept, layers, ...state }: HuggingFaceState,
  used: readonly number[],
  config: Pick<Wav2Vec2Config, "kind">,
): HuggingFaceState {
  const renamed = Object.entries(kept).flatMap(([name, tensor]) => {
    const block = layerOf(name, config);
    if (block === undefined) return [[name, tensor] as const];
    return used.includes(block) ? [[inLayer(name, used.indexOf(block), config), tensor] as const] : [];
  });
  return { ...state, layers: used.map((block) => layers[block] as number), kept: Object.fromEntries(renamed) };
}

/** A small tensor as JSON, and back. */
export const packTensor = ({ dtype, shape, values }: SafeTensor): HuggingFaceState["kept"][string] => ({
  dtype,
  shape: [...shape],
  bytes: toBase64(bytesOf({ name: "kept", shape }, values)),
});

export const unpackTensor = ({ dtype, shape, bytes }: HuggingFaceState["kept"][string]): SafeTensor =>
  ({ dtype, shape, values: viewValues({ dtype }, fromBase64(bytes)) }) as SafeTensor;

const toBase64 = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

function isJsonObject(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null && !Array.isArray(json);
  } catch {
    return false;
  }
}
