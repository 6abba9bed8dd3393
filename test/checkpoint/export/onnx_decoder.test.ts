import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { scheduleOf } from "../../../config/depths.ts";
import { decoderBeside, exportFile } from "../../../checkpoint/export/export_file.ts";
import { leaf } from "../../../engine/transfer.ts";
import { release } from "../../../engine/tensor.ts";
import { JointSearch, type JointHypothesis } from "../../../model/decode/joint_search.ts";
import { jointSearch } from "../../../recognition/joint_search.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import { testDevice } from "../../test_device.ts";
import { hybridOutput } from "./engine_output.ts";
import {
  feedsOf,
  int64,
  largestDifference,
  numbersOf,
  onnxFiles,
  openOnnx,
  parametersIn,
  rowsOf,
  TOLERANCE,
} from "./onnx_files.ts";
import { sampleFeatures } from "./sample_checkpoint.ts";

const device = testDevice();
const exported = onnxFiles(device);

const DECODER = "model.decoder={blocks: 2, feed_forward_dim: 24}";
/** Six units, and the class that starts and ends sentences. */
const CLASSES = 7;
const END = 6;
const utterances = [61, 38, 50].map((frames, key) => sampleFeatures(frames, key));
const prefixes = [[END], [END, 3, 1, 4, 2], [END, 5, 5]];

/** Both files of a hybrid at one depth. */
async function hybrid(depth: number, ...sets: string[]) {
  const encoder = await exported(depth, DECODER, ...sets);
  return { ...encoder, decoder: await openOnnx(encoder.written.decoderFile!.path) };
}

/** Prefixes as a user would feed them, with class 0 after the shorter ones. */
function tokensOf(rows: readonly (readonly number[])[], filler = 0): ort.Tensor {
  const longest = Math.max(...rows.map(({ length }) => length));
  const padded = rows.flatMap((row) => [...row, ...new Array<number>(longest - row.length).fill(filler)]);
  return int64(padded, [rows.length, longest]);
}

const lengthsOf = (rows: readonly (readonly number[])[]): number[] => rows.map(({ length }) => length);

describe("a decoder in a file of its own", () => {
  it.each<[string, number, string[]]>([
    ["repeated blocks", 4, []],
    ["of a decoder that unfolds too", 4, ["unfold.decoder=proportional", "unfold.order=cycle"]],
    ["the seed of norms per depth, other heads", 2, ["model.norms=per_depth", "model.decoder.heads=4"]],
  ])("says in onnxruntime what it says in the engine, whatever padding holds: %s", async (_, depth, sets) => {
    const { session, decoder, checkpoint } = await hybrid(depth, ...sets);
    const encoded = await session.run(feedsOf(utterances, NaN));
    const { output_lengths, states, log_probs } = encoded;
    const lengths = numbersOf(output_lengths!);
    (states!.data as Float32Array).set([NaN], (1 * states!.dims[1]! + lengths[1]!) * states!.dims[2]!); // the first of padding
    const { next_log_probs } = await decoder.session.run({
      tokens: tokensOf(prefixes),
      states: states!,
      output_lengths: output_lengths!,
    });
    const engine = await hybridOutput(device(), checkpoint.path, depth, utterances, prefixes);
    expect(largestDifference(rowsOf(log_probs!, lengths), engine.ctc)).toBeLessThan(TOLERANCE);
    expect(largestDifference(rowsOf(next_log_probs!, lengthsOf(prefixes)), engine.decoder)).toBeLessThan(TOLERANCE);
  });

  it("reads many prefixes of one utterance, and gives each what it gives it alone", async () => {
    const { session, decoder } = await hybrid(4);
    const { states, output_lengths } = await session.run(feedsOf(utterances.slice(1, 2), 0));
    const run = async (rows: number[][], filler?: number): Promise<Float32Array[]> => {
      const feeds = { tokens: tokensOf(rows, filler), states: states!, output_lengths: output_lengths! };
      return rowsOf((await decoder.session.run(feeds)).next_log_probs!, lengthsOf(rows));
    };
    const alone = await Promise.all(prefixes.map(async (prefix) => (await run([prefix]))[0]!));
    expect(largestDifference(await run(prefixes, 3), alone)).toBeLessThan(TOLERANCE);
    const grown = alone[1]!.slice(0, 2 * CLASSES); // no token sees a later one
    expect(largestDifference(await run([prefixes[1]!.slice(0, 2)]), [grown])).toBeLessThan(TOLERANCE);
  });

  it("says of an utterance too short for a frame what the engine says", async () => {
    const { session, decoder, checkpoint } = await hybrid(4);
    const members = [utterances[0]!, sampleFeatures(3, 9)];
    const { states, output_lengths } = await session.run(feedsOf(members, 1));
    const feeds = { tokens: tokensOf([[END], [END, 2]]), states: states!, output_lengths: output_lengths! };
    const { next_log_probs } = await decoder.session.run(feeds);
    const engine = await hybridOutput(device(), checkpoint.path, 4, members, [[END], [END, 2]]);
    expect(largestDifference(rowsOf(next_log_probs!, [1, 2]), engine.decoder)).toBeLessThan(TOLERANCE);
  });
});

it("a joint search with both files finds what the engine's finds", async () => {
  const { session, decoder, checkpoint } = await hybrid(4);
  const { model, parameters } = openRecogniser(device(), checkpoint.path);
  const options = { beam: 3, ctcWeight: 0.3, lengthBonus: 1 };
  for (const utterance of utterances) {
    const { log_probs, states, output_lengths } = await session.run(feedsOf([utterance], 0));
    const logProbs = (log_probs!.data as Float32Array).slice();
    const search = new JointSearch({ logProbs, vocab: CLASSES, blank: 0 }, options);
    let said: number[][] = [[]];
    while (!search.done) {
      said = search.reading.map(({ token, parent }) => [...said[parent]!, token]);
      const { next_log_probs } = await decoder.session.run({
        tokens: tokensOf(said),
        states: states!,
        output_lengths: output_lengths!,
      });
      const last = rowsOf(next_log_probs!, lengthsOf(said)).map((row) => row.slice(-CLASSES));
      search.advance(Float32Array.from(last.flatMap((row) => [...row])));
    }
    const memory = leaf(device(), states!.data as Float32Array, [...states!.dims]);
    const [found] = await jointSearch(
      device(),
      model.decoder!,
      { states: memory, lengths: numbersOf(output_lengths!), logProbs: [logProbs], blank: 0, depth: 4 },
      options,
    );
    release(memory);
    const labels = (list: readonly JointHypothesis[]) => list.map((hypothesis) => [...hypothesis.labels]);
    expect(labels(search.found)).toEqual(labels(found!));
    search.found.forEach(({ score }, i) => expect(score).toBeCloseTo(found![i]!.score, 3));
    expect(found![0]!.labels.length).toBeGreaterThan(0);
  }
  parameters.release();
});

it("the files say what they want and give, and hold each parameter once", async () => {
  const { session, proto, metadata, decoder, written } = await hybrid(4);
  expect(session.outputMetadata).toMatchObject([
    { name: "log_probs", shape: ["batch", "output_frames", CLASSES] },
    { name: "output_lengths", type: "int64", shape: ["batch"] },
    { name: "states", type: "float32", shape: ["batch", "output_frames", 16] },
  ]);
  expect(decoder.session.inputMetadata).toMatchObject([
    { name: "tokens", type: "int64", shape: ["prefixes", "tokens"] },
    { name: "states", type: "float32", shape: ["utterances", "output_frames", 16] },
    { name: "output_lengths", type: "int64", shape: ["utterances"] },
  ]);
  expect(decoder.session.outputMetadata).toMatchObject([
    { name: "next_log_probs", type: "float32", shape: ["prefixes", "tokens", CLASSES] },
  ]);
  const counts = [proto, decoder.proto].map(parametersIn);
  expect(counts[0]! + counts[1]!).toBe(written.parameters);
  expect(counts[1]).toBe(written.decoderParameters);
  expect(metadata).toMatchObject({ parameters: String(counts[0]), sentence_end: String(END), blank: "0", depth: "4" });
  const { units, step, sentence_end } = metadata;
  expect(decoder.metadata).toMatchObject({ parameters: String(counts[1]), units, step, sentence_end });
});

it("neither file is written over without --force, nor only one of them written", async () => {
  const { checkpoint, written } = await hybrid(4);
  const { config, depth } = written;
  const out = written.decoderFile!.path.replace("4.decoder", "other");
  const write = (force: boolean) =>
    exportFile(checkpoint, config, { depth, schedule: scheduleOf(config, depth) }, out, { format: "onnx", force });
  writeFileSync(decoderBeside(out), "before");
  expect(() => write(false)).toThrow(/other\.decoder\.onnx already exists: choose another name, or add --force$/u);
  expect(readFileSync(decoderBeside(out), "utf8")).toBe("before");
  expect(existsSync(out)).toBe(false);
});
