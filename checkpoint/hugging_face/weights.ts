import { existsSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { UserError } from "../../engine/errors.ts";
import type { SafeTensor } from "../safetensors/safetensors.ts";
import { openSafetensors, type SafetensorsFile } from "../safetensors/file.ts";
import { parse, readJson } from "../../data/tokenizer/vocabulary_file.ts";

const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";
const PICKLED = "pytorch_model.bin";

const indexSchema = z.looseObject({
  weight_map: z.record(z.string(), z.string(), "expected tensors and the files that hold them"),
});

const architecturesSchema = z.looseObject({ architectures: z.array(z.string()).nullish() });

/** A model's tensors, from one file or several shards; values are read on access. */
export interface OpenWeights {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** Files opened for them. */
  readonly files: readonly string[];
  close(): void;
}

/**
 * Opens `model.safetensors`, or the files that `model.safetensors.index.json` names.
 *
 * @throws UserError in one sentence: no such file, only PyTorch's pickled weights, an index that names a missing file
 *   or tensor, or a damaged file
 */
export function openWeights(folder: string): OpenWeights {
  const at = (name: string): string => join(folder, name);
  if (existsSync(at(WEIGHTS))) return { ...openFile(at(WEIGHTS)), files: [at(WEIGHTS)] };
  if (existsSync(at(INDEX))) return openShards(at(INDEX), at);
  if (existsSync(at(PICKLED)) || existsSync(at(`${PICKLED}.index.json`))) {
    const name = architectureOf(at("config.json"));
    throw new UserError(
      `${folder} has its weights only as ${PICKLED}, a Python pickle, which can run arbitrary code when loaded: convert it once with python -c "from transformers import ${name}; ${name}.from_pretrained('${folder}').save_pretrained('${folder}')"`,
    );
  }
  throw new UserError(`${folder} has no weights: expected ${WEIGHTS} or ${INDEX}`);
}

/**
 * The class that wrote a folder: any other would drop tensors that it does not know, or add an untrained output layer.
 */
function architectureOf(file: string): string {
  const { architectures } = parse(architecturesSchema, readJson(file), file);
  return architectures?.find((name) => /^\w+$/u.test(name)) ?? "AutoModel";
}

/** Opens a file of weights. Throws UserError also if it cannot be read, such as a folder. */
function openFile(path: string): SafetensorsFile {
  try {
    return openSafetensors(path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function openShards(index: string, at: (name: string) => string): OpenWeights {
  const map = Object.entries(parse(indexSchema, readJson(index), index).weight_map);
  const shards = new Map<string, SafetensorsFile>();
  const close = (): void => shards.forEach((shard) => shard.close());
  try {
    for (const name of new Set(map.map(([, shard]) => shard))) {
      if (name.includes("/") || name.includes("\\") || !existsSync(at(name)))
        throw new UserError(`${index} names the file ${name}, which does not exist`);
      shards.set(name, openFile(at(name)));
    }
    const tensors = map.map(([tensor, name]): [string, SafeTensor] => {
      const found = shards.get(name)?.tensors.get(tensor);
      if (!found) throw new UserError(`${index} says that ${name} holds the tensor ${tensor}, which it does not`);
      return [tensor, found];
    });
    return { tensors: new Map(tensors), files: [index, ...[...shards.keys()].map(at)], close };
  } catch (error) {
    close();
    throw error;
  }
}
