import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  parseSafetensors,
  serialiseSafetensors,
  type SafeTensor,
} from "../../../checkpoint/safetensors/safetensors.ts";
import { fixturesFolder } from "../../reference/book.ts";
import { WAV2VEC2_MODELS } from "../../reference/models/wav2vec2_checks.ts";

/** The tiny models of the reference values, each a folder as save_pretrained writes it. */
export const MODELS = WAV2VEC2_MODELS;

export const modelFolder = (name: (typeof MODELS)[number]): string => join(fixturesFolder, "models", name);

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), "unfold-hugging-face-"));

export type Tensors = Map<string, SafeTensor>;

export interface Changes {
  /** Of text files: what to add to their JSON, or null to remove the file. */
  readonly json?: Readonly<Record<string, Record<string, unknown> | null>>;
  readonly weights?: (tensors: Tensors) => void;
  readonly of?: (typeof MODELS)[number];
}

/** A copy of a model's folder at `to`, changed. */
export function changedFolder(to: string, { json = {}, weights, of = "wav2vec2_base" }: Changes): string {
  rmSync(to, { recursive: true, force: true });
  cpSync(modelFolder(of), to, { recursive: true });
  for (const name of readdirSync(to)) {
    const bytes = readFileSync(join(to, name)); // copies of files that cannot be written cannot be either
    rmSync(join(to, name));
    writeFileSync(join(to, name), bytes);
  }
  for (const [name, changes] of Object.entries(json)) {
    const path = join(to, name);
    const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as object) : {};
    if (changes === null) rmSync(path);
    else writeFileSync(path, JSON.stringify({ ...before, ...changes }));
  }
  if (weights) {
    const tensors = new Map(weightsOf(to));
    weights(tensors);
    writeFileSync(join(to, "model.safetensors"), serialiseSafetensors(tensors, { format: "pt" }));
  }
  return to;
}

export function weightsOf(folder: string): ReadonlyMap<string, SafeTensor> {
  const path = join(folder, "model.safetensors");
  return parseSafetensors(readFileSync(path), path).tensors;
}

/** Values [1, 0.5, …] of half precision in a tensor's shape. */
export function halved({ shape }: SafeTensor, dtype: "F16" | "BF16"): SafeTensor {
  const [one, half] = dtype === "F16" ? [0x3c00, 0x3800] : [0x3f80, 0x3f00];
  return {
    dtype,
    shape,
    values: Uint16Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 2 ? half : one)),
  };
}

/** Cuts a folder's weights into two files with an index; returns the names of the tensors. */
export function shard(from: string): string[] {
  const tensors = [...weightsOf(from)];
  rmSync(join(from, "model.safetensors"));
  const parts = { "a.safetensors": tensors.slice(0, 20), "b.safetensors": tensors.slice(20) };
  for (const [name, part] of Object.entries(parts))
    writeFileSync(join(from, name), serialiseSafetensors(new Map(part)));
  const map = Object.entries(parts).flatMap(([file, part]) => part.map(([name]) => [name, file]));
  writeFileSync(
    join(from, "model.safetensors.index.json"),
    JSON.stringify({ metadata: { total_size: 1 }, weight_map: Object.fromEntries(map) as object }),
  );
  return tensors.map(([name]) => name);
}
