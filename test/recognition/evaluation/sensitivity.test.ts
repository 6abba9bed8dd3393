import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { depthSchedule } from "../../../model/unfold.ts";
import { importModel } from "../../../checkpoint/hugging_face/import_model.ts";
import { dropOrder, type Sensitivity } from "../../../checkpoint/sensitivity_file.ts";
import type { DepthPath } from "../../../config/depths.ts";
import { readManifest, type Manifest } from "../../../data/manifest/manifest.ts";
import { evaluateManifest } from "../../../recognition/evaluation/evaluate_manifest.ts";
import { measureSensitivity, pathsWithoutOneBlock } from "../../../recognition/evaluation/sensitivity.ts";
import { sensitivityTable } from "../../../recognition/evaluation/sensitivity_table.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import type { Recogniser } from "../../../recognition/recogniser.ts";
import { sensitivityFigure } from "../../../train/report/sensitivity_figure.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { folderWithUselessLayer, LAYERS, USELESS } from "../../checkpoint/hugging_face/useless_layer.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../../small_corpus.ts";
import { testDevice } from "../../test_device.ts";
import { smallConfig } from "../../train/small_model.ts";

const device = testDevice();
const greedy = { beam: null, lm: null };
const pathOf = (depth: number): DepthPath => ({ depth, schedule: depthSchedule("repeat", LAYERS, depth) });

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-sensitivity-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The scores of each path alone, in a pass of its own. */
const separately = (recogniser: Recogniser, manifest: Manifest, paths: readonly DepthPath[]) =>
  evaluateManifest(device(), recogniser, manifest, paths, greedy, silentObserver);

describe.each(["wav2vec2_large", "hubert_large"] as const)("with a useless layer in %s", (of) => {
  let recogniser: Recogniser;
  let manifest: Manifest;
  const measure = (path: DepthPath): Promise<Sensitivity> =>
    measureSensitivity(device(), recogniser, manifest, path, greedy, silentObserver);

  beforeAll(async () => {
    const from = folderWithUselessLayer(at(of), of);
    importModel(from, at(`${of}.safetensors`), { depths: [], order: "repeat", force: true });
    recogniser = openRecogniser(device(), at(`${of}.safetensors`));
    // What the whole model hears is what was said, so it makes no errors.
    const unknown = await readManifest(at("train.jsonl"));
    const [heard] = await separately(recogniser, unknown, [pathOf(LAYERS)]);
    const texts = heard!.utterances.map(({ hypothesis }) => hypothesis);
    expect(new Set(texts).size).toBeGreaterThan(3);
    writeManifest(
      at(`${of}.jsonl`),
      corpusLines().map((line, i) => ({ ...line, text: texts[i]! })),
    );
    manifest = await readManifest(at(`${of}.jsonl`));
  });

  it("its removal changes no word, that of any other does, and it is dropped first", async () => {
    const sensitivity = await measure(pathOf(LAYERS));
    expect(sensitivity.wer).toBe(0);
    expect(sensitivity.leftOut.map(({ block, wer }) => [block, wer > 0])).toEqual(
      [0, 1, 2, 3].map((block) => [block, block !== USELESS]),
    );
    expect(dropOrder(sensitivity)[0]).toBe(USELESS);
  });

  it.each([3, LAYERS, 7])("at depth %d: what each shortened path gives by itself", async (depth) => {
    const path = pathOf(depth);
    const sensitivity = await measure(path);
    const blocks = [0, 1, 2, 3].filter((block) => path.schedule.includes(block));
    const alone = await separately(
      recogniser,
      manifest,
      [path.schedule, ...blocks.map((block) => path.schedule.filter((other) => other !== block))].map((schedule) => ({
        depth: schedule.length,
        schedule,
      })),
    );
    expect(sensitivity).toEqual({
      depth,
      schedule: path.schedule,
      words: alone[0]!.words.references,
      wer: alone[0]!.wer,
      leftOut: blocks.map((block, i) => {
        const { references: _, ...errors } = alone[i + 1]!.words;
        return { block, wer: alone[i + 1]!.wer, ...errors };
      }),
    });
  });

  it("no words, no word error rate", async () => {
    writeManifest(
      at("silence.jsonl"),
      corpusLines().map((line) => ({ ...line, text: "" })),
    );
    const silence = await readManifest(at("silence.jsonl"));
    const measured = measureSensitivity(device(), recogniser, silence, pathOf(LAYERS), greedy, silentObserver);
    await expect(measured).rejects.toThrow(
      new UserError("the manifest's usable utterances have no words, so there is no word error rate"),
    );
  });
});

describe("paths without one block", () => {
  it("lack each of its applications, and blocks that do not run are none", () => {
    const config = smallConfig("model.blocks=3");
    expect(pathsWithoutOneBlock(config, { depth: 5, schedule: [0, 2, 0, 2, 2] })).toEqual([
      { block: 0, depth: 3, schedule: [2, 2, 2] },
      { block: 2, depth: 2, schedule: [0, 0] },
    ]);
  });

  it("are refused where nothing would remain, or norms are a depth's own", () => {
    expect(() => pathsWithoutOneBlock(smallConfig(), { depth: 2, schedule: [1, 1] })).toThrow(
      new UserError("no block can be left out at depth 2: its path runs only block 1, expected at least two"),
    );
    expect(() => pathsWithoutOneBlock(smallConfig("model.norms=per_depth"), { depth: 2, schedule: [0, 1] })).toThrow(
      new UserError("a path without one of its blocks has no norms: model.norms is per_depth, expected shared"),
    );
  });
});

describe("a measurement", () => {
  const counts = { substitutions: 1, deletions: 2, insertions: 0 };
  const measured: Sensitivity = {
    depth: 3,
    schedule: [0, 1, 2],
    words: 10,
    wer: 0.1,
    leftOut: [0.9, 0.05, 0.3].map((wer, block) => ({ block, wer, ...counts })),
  };

  it("as a table: the whole path, then a row a block with its change and its place", () => {
    const rows = sensitivityTable(measured)
      .split("\n")
      .map((line) => line.trim().split(/ {2,}/u));
    expect(rows[0]).toEqual(["left out", "WER", "change", "sub", "del", "ins", "dropped"]);
    expect(rows.filter(([first]) => /^(none|block)/u.test(first!))).toEqual([
      ["none (depth 3)", "10.00 %"],
      ["block 0", "90.00 %", "+80.00", "1", "2", "0", "3"],
      ["block 1", "5.00 %", "-5.00", "1", "2", "0", "1"],
      ["block 2", "30.00 %", "+20.00", "1", "2", "0", "2"],
    ]);
  });

  it("as a figure: a bar a block, as high as its rate, and the whole path's rate as a line", () => {
    const figure = sensitivityFigure(measured);
    const bars = /<g [^>]*aria-label="bar"[^>]*>(.*?)<\/g>/su.exec(figure)![1]!;
    const heights = [...bars.matchAll(/height="([\d.]+)"/gu)].map(([, height]) => Number(height));
    expect(heights).toHaveLength(3);
    expect(heights[0]! / heights[2]!).toBeCloseTo(3, 6);
    expect(heights[0]! / heights[1]!).toBeCloseTo(18, 6);
    expect(figure).toContain("none: 10.0");
    expect(figure).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/u);
  });
});
