import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scheduleOf } from "../../../config/depths.ts";
import { exportFile } from "../../../checkpoint/export/export_file.ts";
import { modelSchema, type ModelProto } from "../../../checkpoint/export/onnx/schema.ts";
import { testDevice } from "../../test_device.ts";
import { engineOutput } from "./engine_output.ts";
import { BINS, sampleCheckpoint, sampleFeatures } from "./sample_checkpoint.ts";

const device = testDevice();
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-onnx-"));
  ort.env.wasm.numThreads = 1;
});
afterAll(() => rmSync(folder, { recursive: true }));

const CLASSES = 6;
const LENGTHS = [61, 38];
const utterances = LENGTHS.map((frames, key) => sampleFeatures(frames, key));

/** The batch as a user of the file would feed it, with `filler` after the shorter utterance. */
async function run(session: ort.InferenceSession, filler: number, members = utterances) {
  const frames = Math.max(...members.map((u) => u.frames));
  const batch = new Float32Array(members.length * frames * BINS).fill(filler);
  members.forEach(({ values }, row) => batch.set(values, row * frames * BINS));
  const { log_probs, output_lengths } = await session.run({
    features: new ort.Tensor("float32", batch, [members.length, frames, BINS]),
    lengths: new ort.Tensor(
      "int64",
      BigInt64Array.from(members, (u) => BigInt(u.frames)),
      [members.length],
    ),
  });
  const [, outputFrames, classes] = log_probs!.dims as [number, number, number];
  const lengths = Array.from(output_lengths!.data as BigInt64Array, Number);
  return lengths.map((length, row) =>
    (log_probs!.data as Float32Array).slice(row * outputFrames * classes, (row * outputFrames + length) * classes),
  );
}

function largestDifference(a: Float32Array[], b: Float32Array[]): number {
  expect(a.map((row) => row.length)).toEqual(b.map((row) => row.length));
  return Math.max(...a.flatMap((row, i) => Array.from(row, (value, at) => Math.abs(value - b[i]![at]!))));
}

const samples = new Map<string, Awaited<ReturnType<typeof sampleCheckpoint>>>();

/** The file of one depth, as onnxruntime and as a reader of its schema see it. */
async function exported(depth: number, ...sets: string[]) {
  const key = sets.join(" ");
  const { checkpoint, config } = samples.get(key) ?? (await sampleCheckpoint(device(), folder, ...sets));
  samples.set(key, { checkpoint, config });
  const file = join(folder, `${depth}.onnx`);
  const { parameters } = exportFile(checkpoint, config, { depth, schedule: scheduleOf(config, depth) }, file, {
    format: "onnx",
    force: true,
  });
  const bytes = readFileSync(file);
  return {
    checkpoint,
    parameters,
    session: await ort.InferenceSession.create(bytes),
    proto: modelSchema.decode(bytes).toJSON() as unknown as ModelProto,
  };
}

/** Of log-probabilities from -4 to 0: sums in another order differ by a few roundings of float32, 1e-6 at worst here and also at 3000 frames. */
const TOLERANCE = 1e-5;

it.each<[string, number, string[]]>([
  ["repeated blocks", 4, []],
  ["a cycle of blocks, batch norm", 5, ["unfold.order=cycle", "unfold.depths=[2, 5]", "model.conv_norm=batch_norm"]],
  ["norms per depth", 2, ["model.norms=per_depth"]],
  ["batch norm per depth", 4, ["model.norms=per_depth", "model.conv_norm=batch_norm"]],
  ["padding zeroed round the module", 4, ["model.conv_mask=around_module"]],
  ["padding zeroed nowhere", 4, ["model.conv_mask=none", "unfold.order=cycle"]],
  [
    "some of the blocks, in an order of its own",
    3,
    ["model.blocks=3", "unfold.order=[2, 0, 2, 1]", "unfold.depths=[3, 4]"],
  ],
])("onnxruntime computes what the engine does, whatever padding holds: %s", async (_, depth, sets) => {
  const { session, checkpoint } = await exported(depth, ...sets);
  expect(
    largestDifference(await run(session, NaN), await engineOutput(device(), checkpoint.path, depth, utterances)),
  ).toBeLessThan(TOLERANCE);
});

it("an utterance's result is the same alone and beside a longer or a much shorter one", async () => {
  const { session } = await exported(4);
  const together = await run(session, 5);
  const alone = [await run(session, 0, [utterances[0]!]), await run(session, 0, [utterances[1]!])].flat();
  expect(largestDifference(together, alone)).toBeLessThan(TOLERANCE);
  expect(together.map((row) => row.length)).toEqual([14 * CLASSES, 8 * CLASSES]);
  const besideNothing = await run(session, 0, [utterances[0]!, sampleFeatures(3, 9)]); // too short for a frame
  expect(largestDifference(besideNothing, [alone[0]!, new Float32Array()])).toBeLessThan(TOLERANCE);
});

it("a deeper file has more nodes, but the same weights, each once", async () => {
  const [shallow, deep] = [await exported(2), await exported(4)];
  expect(deep.proto.graph.node.length).toBeGreaterThan(shallow.proto.graph.node.length);
  expect(deep.proto.graph.initializer).toEqual(shallow.proto.graph.initializer);
  const weights = deep.proto.graph.initializer.filter(({ name }) => /^(encoder|ctc_lo)\./u.test(name));
  const count = weights.reduce((sum, { dims }) => sum + dims.reduce((product, size) => product * Number(size), 1), 0);
  expect(count).toBe(deep.parameters);
});

it("the file says what it wants and gives, and its metadata the units, the depth and how features are computed", async () => {
  const { proto, session } = await exported(4, "features.low_freq=40", "data.sample_rate=8000");
  expect(session.inputMetadata).toMatchObject([
    { name: "features", type: "float32", shape: ["batch", "frames", BINS] },
    { name: "lengths", type: "int64", shape: ["batch"] },
  ]);
  expect(session.outputMetadata).toMatchObject([
    { name: "log_probs", type: "float32", shape: ["batch", "output_frames", CLASSES] },
    { name: "output_lengths", type: "int64", shape: ["batch"] },
  ]);
  const metadata = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
  expect(metadata).toMatchObject({
    depth: "4",
    schedule: "[0,0,1,1]",
    step: "7",
    blank: "0",
    subsampling: "4",
    cmvn: "inside the graph",
  });
  expect(JSON.parse(metadata.units!)).toEqual({ blank: 0, characters: [" ", "a", "b", "c", "d"] });
  expect(JSON.parse(metadata.features!)).toMatchObject({
    kind: "log_mel",
    sample_rate: 8000,
    bins: BINS,
    frame_shift_ms: 10,
    low_frequency: 40,
    preemphasis: 0.97,
    scale: 32768,
  });
});
