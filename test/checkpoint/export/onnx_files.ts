import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, expect } from "vitest";
import type { Device } from "../../../engine/device.ts";
import { scheduleOf } from "../../../config/depths.ts";
import { exportFile } from "../../../checkpoint/export/export_file.ts";
import { modelSchema, type ModelProto } from "../../../checkpoint/export/onnx/schema.ts";
import type { Features } from "../../../model/features/fbank.ts";
import { BINS, sampleCheckpoint } from "./sample_checkpoint.ts";

/** Of log-probabilities from -4 to 0: sums in another order differ by a few roundings of float32, 1e-6 at worst here and also at 3000 frames. */
export const TOLERANCE = 1e-5;

/** Exports depths of sample checkpoints to a folder of the test file's own, and opens the ONNX files. */
export function onnxFiles(device: () => Device) {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "unfold-onnx-"));
    ort.env.wasm.numThreads = 1;
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const samples = new Map<string, Awaited<ReturnType<typeof sampleCheckpoint>>>();

  return async (depth: number, ...sets: string[]) => {
    const key = sets.join(" ");
    const { checkpoint, config } = samples.get(key) ?? (await sampleCheckpoint(device(), folder, ...sets));
    samples.set(key, { checkpoint, config });
    const path = { depth, schedule: scheduleOf(config, depth) };
    const file = join(folder, `${depth}.onnx`);
    const written = exportFile(checkpoint, config, path, file, { format: "onnx", force: true });
    return { checkpoint, written, ...(await openOnnx(file)) };
  };
}

/** A file as onnxruntime and as a reader of its schema see it. */
export async function openOnnx(file: string) {
  const bytes = readFileSync(file);
  const proto = modelSchema.decode(bytes).toJSON() as unknown as ModelProto;
  return {
    session: await ort.InferenceSession.create(bytes),
    proto,
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/** A batch as a user of the file would feed it, with `filler` after the shorter utterances. */
export function feedsOf(members: readonly Features[], filler: number) {
  const frames = Math.max(...members.map((u) => u.frames));
  const batch = new Float32Array(members.length * frames * BINS).fill(filler);
  members.forEach(({ values }, row) => batch.set(values, row * frames * BINS));
  return {
    features: new ort.Tensor("float32", batch, [members.length, frames, BINS]),
    lengths: int64(members.map((u) => u.frames)),
  };
}

export const int64 = (values: readonly number[], shape: readonly number[] = [values.length]): ort.Tensor =>
  new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);

/** The first places of each row of log-probabilities `[rows, places, classes]`. */
export function rowsOf(logProbs: ort.Tensor, lengths: readonly number[]): Float32Array[] {
  const [, places, classes] = logProbs.dims as [number, number, number];
  const values = logProbs.data as Float32Array;
  return lengths.map((length, row) => values.slice(row * places * classes, (row * places + length) * classes));
}

export const numbersOf = (tensor: ort.Tensor): number[] => Array.from(tensor.data as BigInt64Array, Number);

export function largestDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  expect(a.map((row) => row.length)).toEqual(b.map((row) => row.length));
  return Math.max(...a.flatMap((row, i) => Array.from(row, (value, at) => Math.abs(value - b[i]![at]!))));
}

/** How many parameters a file stores: the sizes of the arrays that are named like parameters. */
export const parametersIn = ({ graph }: ModelProto): number =>
  graph.initializer
    .filter(({ name }) => /^(encoder|ctc_lo|decoder)\./u.test(name))
    .reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * Number(size), 1), 0);
