import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { declareModel } from "../../checkpoint/build_model.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { chunksAtOnce, fittingChunk } from "../../recognition/fitting_chunk.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

/** As much of a recogniser as planning needs: declared, nothing of it in memory. */
function declared(config: string): { recogniser: Recogniser; path: DepthPath } {
  const folder = mkdtempSync(join(tmpdir(), "unfold-fitting-"));
  writeFileSync(join(folder, "config.yaml"), `data: { train: train.jsonl, dev: dev.jsonl }\n${config}`);
  const loaded = loadConfig(join(folder, "config.yaml"));
  rmSync(folder, { recursive: true });
  const units = new CharacterUnits(["a", "b"]);
  const { model } = declareModel(loaded, units.size, { lossScaled: false, blank: 0 });
  return {
    recogniser: { model, config: loaded, units, frontEnd: buildFrontEnd(loaded) } as Partial<Recogniser> as Recogniser,
    path: evaluatedPaths(loaded)[0] as DepthPath,
  };
}

it("chunks are as long as the first convolution of waveforms has room on the device", () => {
  const { recogniser, path } = declared("features: { kind: waveform }\nmodel: { kind: wav2vec2, blocks: 1 }\n");
  const bytes = (seconds: number): number => (Math.floor((seconds * 16000 - 10) / 5) + 1) * 512 * 4; // [frames, 512], f32
  const expected = [30, 15, 7.5, 3.75].find((seconds) => bytes(seconds) <= device().limits.maxStorageBufferBindingSize);
  expect(fittingChunk(device(), recogniser, path)).toBe(expected);
  expect(chunksAtOnce(device(), recogniser, path, 2)).toBe(1);
});

it("of a small Conformer two minutes of them go at once", () => {
  const { recogniser, path } = declared(
    "model: { dim: 16, heads: 2, blocks: 1, feed_forward_dim: 16, conv_kernel: 3 }\nfeatures: { bins: 12 }\n",
  );
  expect(fittingChunk(device(), recogniser, path)).toBe(30);
  expect(chunksAtOnce(device(), recogniser, path, 30)).toBe(4);
});
