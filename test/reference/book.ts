import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSafetensors, type SafeTensor } from "../../checkpoint/safetensors/safetensors.ts";
import { ReferenceTensors, type ReferenceTensor } from "./reference_tensor.ts";

export { expectClose } from "./close.ts";
export type { ReferenceTensor, ReferenceTensors } from "./reference_tensor.ts";

/** Where the reference values are. UNFOLD_FIXTURES names another set of the same cases. */
export const fixturesFolder = process.env.UNFOLD_FIXTURES ?? fileURLToPath(new URL("../fixtures", import.meta.url));

export interface BookCase<Attrs = Record<string, unknown>> {
  readonly name: string;
  /** What to run; `Book.operations` defines it. */
  readonly op: string;
  /** Every option of the operation, also those at their defaults. */
  readonly attrs: Attrs;
  readonly notes: string | undefined;
  readonly inputs: ReferenceTensors;
  readonly outputs: ReferenceTensors;
  /** dL/d output, where the backward pass starts; empty if the case has no gradients. */
  readonly cotangents: ReferenceTensors;
  /** dL/d input; an input that is missing here is not differentiated. */
  readonly grads: ReferenceTensors;
  /** The model's weights; empty for single operations. */
  readonly params: ReferenceTensors;
  readonly paramGrads: ReferenceTensors;
  /** The case as the JSON has it, for fields of one book only (`errors`, `optimal_splits`). */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface Book<Attrs = Record<string, unknown>> {
  readonly name: string;
  readonly operations: Readonly<Record<string, string>>;
  readonly cases: readonly BookCase<Attrs>[];
}

interface RawTensor {
  tensor: string;
  rtol?: number;
  atol?: number;
  trainable?: boolean;
  valid?: { lengths: string; axis: number };
}
type RawTensors = Record<string, RawTensor>;
interface RawCase {
  name: string;
  op: string;
  attrs: Record<string, unknown>;
  params?: string;
  notes?: string;
  inputs: RawTensors;
  outputs: RawTensors;
  cotangents?: RawTensors;
  grads?: RawTensors;
  param_grads?: RawTensors;
}
interface RawBook {
  format: string;
  file: string;
  operations: Record<string, string>;
  params?: Record<string, { file?: string; tensors: RawTensors }>;
  cases: RawCase[];
}

/**
 * Loads the reference values of one book, such as "ops/matmul".
 *
 * @typeParam Attrs what the caller takes the attributes of its cases to be; not checked
 */
export function loadBook<Attrs = Record<string, unknown>>(name: string): Book<Attrs> {
  const path = join(fixturesFolder, `${name}.json`);
  const raw = JSON.parse(readFileSync(path, "utf8")) as RawBook;
  if (raw.format !== "oracle-fixture/1") throw new Error(`${path}: unknown format '${raw.format}'.`);
  const own = readTensors(join(dirname(path), raw.file));

  const params = new Map<string, ReferenceTensors>();
  for (const [set, { file, tensors }] of Object.entries(raw.params ?? {})) {
    const stored = file === undefined ? own : readTensors(join(dirname(path), file));
    params.set(set, collect(`${name}, params ${set}`, tensors, stored));
  }

  const cases = raw.cases.map((rawCase): BookCase<Attrs> => {
    const label = `${name}, case ${rawCase.name}`;
    const lengths = (key: string) => {
      const entry = rawCase.outputs[key] ?? rawCase.inputs[key];
      const values = entry && own.get(entry.tensor)?.values;
      if (values instanceof Int32Array) return values;
      throw new Error(`${label}: lengths '${key}' are neither an input nor an output of type I32.`);
    };
    const part = (kind: "inputs" | "outputs" | "cotangents" | "grads" | "param_grads") =>
      collect(`${label}, ${kind}`, rawCase[kind] ?? {}, own, lengths);
    const weights = rawCase.params === undefined ? new ReferenceTensors(label, new Map()) : params.get(rawCase.params);
    if (!weights) throw new Error(`${label}: no params '${rawCase.params}' in the book.`);
    return {
      name: rawCase.name,
      op: rawCase.op,
      attrs: rawCase.attrs as Attrs,
      notes: rawCase.notes,
      inputs: part("inputs"),
      outputs: part("outputs"),
      cotangents: part("cotangents"),
      grads: part("grads"),
      params: weights,
      paramGrads: part("param_grads"),
      raw: { ...rawCase },
    };
  });
  return { name, operations: raw.operations, cases };
}

function readTensors(path: string): ReadonlyMap<string, SafeTensor> {
  return parseSafetensors(readFileSync(path), path).tensors;
}

function collect(
  label: string,
  described: RawTensors,
  stored: ReadonlyMap<string, SafeTensor>,
  lengths?: (name: string) => Int32Array,
): ReferenceTensors {
  const byName = new Map<string, ReferenceTensor>();
  for (const [name, { tensor, valid, rtol, atol, trainable }] of Object.entries(described)) {
    const found = stored.get(tensor);
    if (!found || found.dtype === "F16" || found.dtype === "BF16")
      throw new Error(`${label}.${name}: no usable tensor '${tensor}'.`);
    byName.set(name, {
      label: `${label}.${name}`,
      shape: found.shape,
      values: found.values,
      ...(rtol !== undefined && { rtol }),
      ...(atol !== undefined && { atol }),
      ...(trainable !== undefined && { trainable }),
      ...(valid && lengths && { valid: { lengths: lengths(valid.lengths), axis: valid.axis } }),
    });
  }
  return new ReferenceTensors(label, byName);
}
