import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { readAudio } from "../../data/audio/audio.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { applyCmvn, utteranceCmvn } from "../../model/features/cmvn.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { chunkFrames, planChunks } from "../../recognition/chunks.ts";
import { frameTime } from "../../recognition/alignment/timed_text.ts";
import type { DecoderSearch } from "../../recognition/decoder_search.ts";
import { hypothesisText, recognise } from "../../recognition/recognise.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import { transcribeFiles, type TranscribeOptions } from "../../recognition/transcribe.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { testDevice } from "../test_device.ts";
import { smallConfig, smallModel, withLargeWeights } from "../train/small_model.ts";

const RATE = 8000;
const device = testDevice();
const settings = ["data.sample_rate=8000", "data.cache=false"];
const config = smallConfig(...settings, "model.decoder={blocks: 2, feed_forward_dim: 16}");
const path = evaluatedPaths(config).at(-1) as DepthPath;
const units = new CharacterUnits([" ", "a", "b", "c", "d"]);

/** A tone that rises, with a beat of five a second. */
const song = (seconds: number, key: number): Float32Array =>
  Float32Array.from(
    { length: seconds * RATE },
    (_, n) => 0.4 * Math.sin((key + n / 40_000) * n * 0.05) * Math.sin((5 * Math.PI * n) / RATE) ** 2,
  );

let folder: string;
let recogniser: Recogniser;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-transcribe-decoder-"));
  const built = withLargeWeights(smallModel(device(), config), 0.7);
  const frontEnd = buildFrontEnd(config);
  const cmvn = utteranceCmvn(frontEnd.compute(song(4, 1)));
  recogniser = { ...built, config, units, frontEnd, cmvn, checkpoint: { path: "hybrid" } as never };
  await writeWav(at("a.wav"), song(0.6, 1), RATE);
  await writeWav(at("b.wav"), song(0.9, 2), RATE);
  await writeWav(at("long.wav"), song(4, 1), RATE);
});
afterAll(() => rmSync(folder, { recursive: true }));

const joint: DecoderSearch = { kind: "joint", ctcWeight: 0.4, lengthBonus: 1.5 };
const transcribe = (names: readonly string[], options: TranscribeOptions) =>
  transcribeFiles(device(), recogniser, names.map(at), path, silentObserver, options);

/** The normalised features of a file. */
async function featuresOf(name: string) {
  const { samples } = await readAudio(at(name), RATE);
  return applyCmvn(recogniser.cmvn!, recogniser.frontEnd.compute(samples));
}

describe.each<DecoderSearch["kind"]>(["joint", "attention", "rescore"])("%s", (kind) => {
  const decoding = { ...joint, kind };

  it("writes of whole files what recognise finds, with scores that add up and words within the audio", async () => {
    const { transcripts } = await transcribe(["a.wav", "b.wav"], { decoding, beam: 4, nbest: 3, timestamps: true });
    expect(transcripts).toHaveLength(2);
    for (const [i, name] of ["a.wav", "b.wav"].entries()) {
      const { values: features, frames } = await featuresOf(name);
      const [expected] = await recognise(
        device(),
        recogniser.model,
        [{ features, frames, labels: new Int32Array() }],
        [path.schedule],
        { beam: 4, decoding },
      );
      const [best] = expected!.hypotheses;
      const { text, words, nbest, seconds, logProbability } = transcripts[i]!;
      expect(text).toBe(hypothesisText(best!.labels, units));
      expect(nbest![0]!.total).toBeCloseTo(best!.score, 3);
      expect(nbest![0]!.text).toBe(text);
      expect(nbest!.length).toBeGreaterThan(1);
      for (const { ctc, attention } of nbest!) {
        expect(attention).toBeLessThan(0);
        if (kind === "attention") expect(ctc).toBeUndefined();
        else expect(ctc).toBeLessThan(0);
      }
      expect(logProbability).toBe(kind === "attention" ? nbest![0]!.attention : nbest![0]!.ctc);
      if (words) expect(words.map((word) => word.text).join(" ")).toBe(text);
      else expect(kind).toBe("attention"); // the other two find only what CTC has a path for
      for (const { start, end } of words ?? []) expect([start >= 0, end <= seconds]).toEqual([true, true]);
    }
  });
});

describe("a file longer than a chunk", () => {
  const chunks = { chunk: 1, overlap: 0.4 };

  it("is searched chunk by chunk, and its words are those of the chunks, one after the other", async () => {
    const [long] = (await transcribe(["long.wav"], { decoding: joint, beam: 4, chunks, timestamps: true })).transcripts;
    expect(long!.seconds).toBe(4);
    expect(long).not.toHaveProperty("logProbability");
    const { model, frontEnd } = recogniser;
    const sizes = chunkFrames(chunks, model, frontEnd);
    const { values, frames } = await featuresOf("long.wav");
    const plan = planChunks(frames, sizes, model);
    const found = await recognise(
      device(),
      model,
      plan.map(({ start }) => ({
        features: values.slice(start * 10, (start + sizes.inputFrames) * 10),
        frames: sizes.inputFrames,
        labels: new Int32Array(),
      })),
      [path.schedule],
      { beam: 4, decoding: joint },
    );
    const ofChunks = found[0]!.hypotheses.map(({ labels }) => units.wordsOf(labels).map(({ word }) => word));
    expect(plan.length).toBeGreaterThan(3);
    const { words, text } = long!;
    expect(words!.map((word) => word.text).join(" ")).toBe(text);
    expect(words!.length).toBeGreaterThan(3);
    // Each word is in a chunk that has heard that moment.
    const timeOf = frameTime(model, frontEnd);
    for (const word of words!) {
      const heard = plan.flatMap(({ from, skipped }, i) =>
        timeOf(from - skipped) <= word.start && word.end <= timeOf(from - skipped + sizes.frames) ? ofChunks[i]! : [],
      );
      expect(heard).toContain(word.text);
    }
    expect(words!.map(({ start }) => start)).toEqual(words!.map(({ start }) => start).sort((a, b) => a - b));
  });

  it("that is exactly one chunk is searched whole", async () => {
    const whole = await transcribe(["long.wav"], { decoding: joint, beam: 4, nbest: 2, timestamps: true });
    const chunked = await transcribe(["long.wav"], {
      decoding: joint,
      beam: 4,
      nbest: 2,
      timestamps: true,
      chunks: { chunk: 4, overlap: 1 },
    });
    expect(chunked).toMatchObject({ transcripts: whole.transcripts, faults: [] });
  });

  it("has no list of the best texts: one sentence, and the others are transcribed", async () => {
    const { transcripts, faults } = await transcribe(["long.wav", "a.wav"], {
      decoding: joint,
      beam: 4,
      nbest: 2,
      chunks,
    });
    expect(transcripts.map(({ file }) => file)).toEqual([at("a.wav")]);
    expect(faults).toEqual([
      new UserError(
        `${at("long.wav")}: a list of the best texts needs a search of the whole file, but a decoder searches files longer than 1 s in chunks; use longer chunks, or CTC's search`,
      ),
    ]);
  });
});

it("says which checkpoint has no decoder, before it reads audio", async () => {
  const ctcOnly = {
    ...smallModel(device(), smallConfig(...settings)),
    config,
    units,
    frontEnd: recogniser.frontEnd,
    cmvn: null,
    checkpoint: { path: "runs/ctc/best.safetensors" } as never,
  };
  const searching = transcribeFiles(device(), ctcOnly, [at("none.wav")], path, silentObserver, { decoding: joint });
  await expect(searching).rejects.toThrow(
    new UserError("the search 'joint' needs a model with a decoder, but runs/ctc/best.safetensors has CTC alone"),
  );
});
