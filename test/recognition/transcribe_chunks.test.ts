import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import wavefile from "wavefile";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { uniform } from "../../engine/random.ts";
import { greedySearch } from "../../model/decode/greedy.ts";
import { applyCmvn, utteranceCmvn } from "../../model/features/cmvn.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import { chunkFrames } from "../../recognition/chunks.ts";
import { readAudio } from "../../data/audio/audio.ts";
import { Resampler } from "../../data/audio/resample.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { forEachLongPosterior } from "../../recognition/long_audio.ts";
import { hypothesisText } from "../../recognition/recognise.ts";
import { silentObserver, type RunObserver } from "../../train/run/run_observer.ts";
import { transcribeFiles, type TranscribeOptions } from "../../recognition/transcribe.ts";
import type { Transcript } from "../../recognition/transcript.ts";
import { testDevice } from "../test_device.ts";
import { flacFile } from "../data/audio/flac_file.ts";
import { withLargeWeights, smallConfig, smallModel } from "../train/small_model.ts";

const RATE = 8000;
const device = testDevice();
const config = smallConfig(`data.sample_rate=${RATE}`, "data.cache=false");
const path = evaluatedPaths(config).at(-1) as DepthPath;

let folder: string;
let recogniser: Recogniser;
const at = (name: string): string => join(folder, name);

/** Tones and chirps that change ten times a second, in multiples of 1 / 32768. */
const melody = (seconds: number): Float32Array =>
  Float32Array.from({ length: seconds * RATE }, (_, n) => {
    const note = Math.floor((10 * n) / RATE);
    const sound =
      Math.sin((2 * Math.PI * (100 + 3000 * uniform(2, note)) * n) / RATE) + 0.5 * uniform(3, note) * Math.sin(n * n);
    return Math.round(20000 * uniform(4, note) ** 4 * sound) / 32768;
  });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-chunks-"));
  const built = withLargeWeights(smallModel(device(), config), 2);
  const frontEnd = buildFrontEnd(config);
  const cmvn = utteranceCmvn(frontEnd.compute(melody(5)));
  recogniser = {
    ...built,
    config,
    units: new CharacterUnits([" ", "a", "b", "c", "d"]),
    frontEnd,
    cmvn,
    checkpoint: undefined as never,
  };
  for (const seconds of [1, 2]) await writeWav(at(`short${seconds}.wav`), melody(seconds), RATE);
  for (const seconds of [5, 8]) await writeWav(at(`long${seconds}.wav`), melody(seconds), RATE);
  writeFileSync(
    at("long5.flac"),
    await flacFile(
      Int32Array.from(melody(5), (value) => value * 32768),
      { rate: RATE },
    ),
  );
  await writeWav(at("click.wav"), new Float32Array(200), RATE);
  writeFileSync(at("empty.wav"), "");
  const damaged = new wavefile.WaveFile();
  damaged.fromScratch(1, RATE, "32f", melody(6).fill(NaN, 4 * RATE, 4 * RATE + 10));
  writeFileSync(at("damaged.wav"), damaged.toBuffer());
});
afterAll(() => rmSync(folder, { recursive: true }));

const chunks = { chunk: 2, overlap: 1 };
const transcribe = (
  names: readonly string[],
  options: TranscribeOptions = { chunks },
  observer: RunObserver = silentObserver,
) => transcribeFiles(device(), recogniser, names.map(at), path, observer, options);

it("files that are not longer than a chunk come out as without chunks", async () => {
  const names = ["short1.wav", "short2.wav"];
  const { transcripts } = await transcribe(names);
  expect(transcripts).toEqual((await transcribe(names, {})).transcripts);
  const long = await transcribe(["long5.wav"], { chunks: { chunk: 5, overlap: 1 } });
  expect(long.transcripts).toEqual((await transcribe(["long5.wav"], {})).transcripts);
});

it("a longer file is read in parts that fit together, from WAV and FLAC alike", async () => {
  const {
    transcripts: [wav, flac],
    audioSeconds,
  } = await transcribe(["long5.wav", "long5.flac"], { chunks, timestamps: true });
  expect([wav!.seconds, flac!.seconds, audioSeconds]).toEqual([5, 5, 10]);
  expect({ ...flac, file: wav!.file }).toEqual({
    ...wav,
    logProbability: expect.closeTo(wav!.logProbability!, 3) as number,
    words: timesOf(wav!),
  });
  expect({ ...wav, words: undefined }).toMatchObject(await fromMemory(melody(5)));

  const { words, text } = wav!;
  expect(words!.length).toBeGreaterThan(1);
  expect(words!.map((word) => word.text).join(" ")).toBe(text);
  words!.forEach(({ start, end }, i) => {
    expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : words![i - 1]!.end);
    expect(end).toBeLessThanOrEqual(5);
  });
  expect(words!.at(-1)!.end).toBeGreaterThan(4);
});

/** What is expected of chunks that are cut out of the features of the whole waveform. */
async function fromMemory(waveform: Float32Array): Promise<{ text: string; logProbability: number }> {
  const { model, frontEnd, cmvn, units } = recogniser;
  const { frames, values } = applyCmvn(cmvn!, frontEnd.compute(waveform));
  const recording = {
    frames,
    features: (from: number, to: number) => Promise.resolve(values.slice(from * 10, to * 10)),
  };
  let found: ReturnType<typeof greedySearch> | undefined;
  await forEachLongPosterior(
    device(),
    model,
    [recording],
    path.schedule,
    { sizes: chunkFrames(chunks, model, frontEnd), batchSize: 2 },
    (logProbs) => {
      found = greedySearch(logProbs, model.config.vocabulary);
    },
  );
  return { text: hypothesisText(found!.labels, units), logProbability: expect.closeTo(found!.score, 3) as number };
}

/** The words with the same times, the confidence to six digits. */
const timesOf = ({ words }: Transcript): unknown =>
  words!.map((word) => ({ ...word, confidence: expect.closeTo(word.confidence, 6) as number }));

it("a file of another rate is converted part by part, as all of it would be", async () => {
  await writeWav(at("fast.wav"), await new Resampler().resample(melody(5), RATE, 2 * RATE), 2 * RATE);
  const {
    transcripts: [fast],
  } = await transcribe(["fast.wav"]);
  expect(fast!.seconds).toBe(5);
  expect(fast).toMatchObject(await fromMemory((await readAudio(at("fast.wav"), RATE)).samples));
});

it("what cannot be read is named, also where that shows late, and the others are transcribed in their order", async () => {
  const { transcripts, faults, audioSeconds } = await transcribe([
    "long5.wav",
    "empty.wav",
    "damaged.wav",
    "short1.wav",
    "click.wav",
    "long8.wav",
  ]);
  expect(transcripts.map(({ file, seconds }) => [file, seconds])).toEqual([
    [at("long5.wav"), 5],
    [at("short1.wav"), 1],
    [at("long8.wav"), 8],
  ]);
  expect(audioSeconds).toBe(14);
  expect(faults.every((fault) => fault instanceof UserError)).toBe(true);
  expect(faults.map(({ message }) => message.replaceAll(`${folder}/`, ""))).toEqual([
    "empty.wav is empty: it has 0 bytes.",
    "click.wav: 25 ms of audio is too short to recognise; at least 85 ms is needed",
    "damaged.wav contains samples that are not finite numbers.",
  ]);
  const [alone] = (await transcribe(["long5.wav"])).transcripts;
  expect(transcripts[0]!.text).toBe(alone!.text);
  expect(transcripts[0]!.logProbability).toBeCloseTo(alone!.logProbability!, 3); // batches of other sizes round otherwise
});

it("progress is in seconds of audio and grows with each chunk", async () => {
  const seen: [label: string, done: number, total: number][] = [];
  const observer = {
    ...silentObserver,
    task: (label: string) => ({
      update: (done: number, total: number) => void seen.push([label, done, total]),
      stop: () => undefined,
    }),
  };
  await transcribe(["long8.wav", "short2.wav"], { chunks }, observer);
  const updates = seen.filter(([label]) => label === "recognising, seconds of audio");
  expect(updates.every(([, , total]) => total === 10)).toBe(true);
  const done = updates.map(([, seconds]) => seconds);
  expect(done).toEqual(done.toSorted((a, b) => a - b));
  expect([done[0], done.at(-1), new Set(done).size]).toEqual([2, 10, 9]); // 2 s as a whole, then 8 chunks
});

it("chunks that are too short for the model are refused in one sentence", async () => {
  const refused = transcribe(["long5.wav"], { chunks: { chunk: 0.05, overlap: 0 } });
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(
    "chunks of 0.05 s that overlap by 0 s do not let this model advance by a frame",
  );
});
