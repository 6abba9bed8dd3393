import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../../checkpoint/checkpoint_file.ts";
import { normal } from "../../../engine/random.ts";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { read } from "../../../engine/transfer.ts";
import { recogniserOf } from "../../../recognition/recogniser.ts";
import { attentionWeights } from "../../../web/worker/model/attention_weights.ts";
import { modelInput } from "../../../web/worker/model/input.ts";
import { testDevice } from "../../test_device.ts";
import { tinyModel, type CONFIGS } from "../page/tiny_models.ts";

const device = testDevice();
const folder = mkdtempSync(join(tmpdir(), "unfold-attention-"));
afterAll(() => rmSync(folder, { recursive: true }));

const waveform = Float32Array.from({ length: 8000 }, (_, i) => 0.1 * normal(3, i));
const open = async (kind: keyof typeof CONFIGS) =>
  recogniserOf(device(), loadCheckpoint(await tinyModel(folder, kind)));

/** Keeps the inputs of every attention of a forward pass. */
class KeepingTape extends Tape {
  readonly uses: Promise<Float32Array>[][] = [];
  override record(...args: Parameters<Tape["record"]>): Tensor {
    if (args[0] === "attention") this.uses.push(args[1].map((x) => read(this.device, x) as Promise<Float32Array>));
    return super.record(...args);
  }
}

/** softmax over keys of ((q + u) · k + (q + v) · p) / √width, in float64. */
function expected(
  [q, k, , p, u, v]: Float32Array[],
  rows: number,
  frames: number,
  dim: number,
  heads: number,
  head: number,
) {
  const width = dim / heads;
  return Array.from({ length: rows }, (_, i) => {
    const scores = Array.from({ length: frames }, (_, j) => {
      let sum = 0;
      for (let d = head * width; d < (head + 1) * width; d++) {
        const query = q![i * dim + d]!;
        sum += (query + (u?.[d] ?? 0)) * k![j * dim + d]!;
        if (p && v) sum += (query + v[d]!) * p[(frames - 1 - (i - j)) * dim + d]!;
      }
      return Math.exp(sum / Math.sqrt(width));
    });
    const total = scores.reduce((sum, score) => sum + score, 0);
    return scores.map((score) => score / total);
  }).flat();
}

describe.each([
  ["conformer", [0, 1, 2, 0], 3, 1, undefined],
  ["wav2vec2", [0, 1], 1, 0, undefined],
  ["hybrid", [0, 1], 1, 2, [1, 2, 3]],
] as const)("of a %s", (kind, schedule, layer, head, labels) => {
  it("are the softmax of the layer's own scores, and of no other layer's", async () => {
    const recogniser = await open(kind);
    const question = { waveform, schedule, layer, head, labels: labels && [...labels] };
    const found = await attentionWeights(device(), recogniser, question);
    const { model } = recogniser;
    const { frames, bins, values } = modelInput(recogniser, waveform);
    const tape = new KeepingTape(device(), { grad: false });
    const { decoder } = model;
    const tokens =
      labels && decoder && tape.upload(Int32Array.of(decoder.sentenceEnd, ...labels), [1, labels.length + 1]);
    model.forward(tape, tape.upload(values, [1, frames, bins]), [frames], [schedule], { tokens });
    const uses = await Promise.all(tape.uses.map((inputs) => Promise.all(inputs)));
    tape.end();
    expect(found.frames).toBe(model.outputFrames(frames));
    expect(found.rows).toBe(labels ? labels.length + 1 : found.frames);
    const heads = labels ? 4 : 2;
    const at = labels ? schedule.length + 2 * layer + 1 : layer;
    const wanted = expected(uses[at]!, found.rows, found.frames, 16, heads, head);
    expect(Math.max(...wanted)).toBeGreaterThan(1.1 / found.frames); // not merely uniform
    expect(Math.max(...wanted.map((weight, i) => Math.abs(weight - found.weights[i]!)))).toBeLessThan(1e-5);
    recogniser.parameters.release();
  });
});
