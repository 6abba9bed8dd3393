import type * as ort from "onnxruntime-web";
import { expect, it } from "vitest";
import { testDevice } from "../../test_device.ts";
import { engineOutput } from "./engine_output.ts";
import { feedsOf, largestDifference, numbersOf, onnxFiles, parametersIn, rowsOf, TOLERANCE } from "./onnx_files.ts";
import { BINS, sampleFeatures } from "./sample_checkpoint.ts";

const device = testDevice();
const exported = onnxFiles(device);

const CLASSES = 6;
const LENGTHS = [61, 38];
const utterances = LENGTHS.map((frames, key) => sampleFeatures(frames, key));

async function run(session: ort.InferenceSession, filler: number, members = utterances) {
  const { log_probs, output_lengths } = await session.run(feedsOf(members, filler));
  return rowsOf(log_probs!, numbersOf(output_lengths!));
}

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
  expect(parametersIn(deep.proto)).toBe(deep.written.parameters);
});

it("the file says what it wants and gives, and its metadata the units, the depth and how features are computed", async () => {
  const { metadata, session } = await exported(4, "features.low_freq=40", "data.sample_rate=8000");
  expect(session.inputMetadata).toMatchObject([
    { name: "features", type: "float32", shape: ["batch", "frames", BINS] },
    { name: "lengths", type: "int64", shape: ["batch"] },
  ]);
  expect(session.outputMetadata).toMatchObject([
    { name: "log_probs", type: "float32", shape: ["batch", "output_frames", CLASSES] },
    { name: "output_lengths", type: "int64", shape: ["batch"] },
  ]);
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
