import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { loadTrainingData } from "../../data/training_data.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-rates-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("files of several rates and kinds, and a piece of one, become training data of one rate", async () => {
  await writeWav(
    at("wide.wav"),
    Float32Array.from({ length: 44100 }, (_, i) => 0.3 * Math.sin(i * i)),
    44100,
  );
  const compressed = ["tone.mp3", "tone_vorbis.ogg", "tone_opus.ogg"].map((name) =>
    fileURLToPath(new URL(`../fixtures/audio/${name}`, import.meta.url)),
  );
  writeManifest(at("mixed.jsonl"), [
    ...["u0.wav", ...compressed].map((audio_filepath) => ({ audio_filepath, text: "ab", duration: 0.5 })),
    { audio_filepath: "wide.wav", text: "b", offset: 0.25, duration: 0.5 },
    corpusLines()[1]!,
  ]);
  const config = loadConfig(at("config.yaml"), ["data.train=mixed.jsonl", "data.cache=false", "data.workers=0"]);
  const { train, warnings, source } = await loadTrainingData(config, { observer: silentObserver });
  source.close();
  expect(warnings).toEqual([]); // none is left out, and each has the manifest's duration
  expect(train.utterances.map(({ id, seconds }) => [id, seconds])).toEqual([
    ...["u0", "tone", "tone_vorbis", "tone_opus", "wide@0.25"].map((id) => [id, 0.5]),
    ["u1", 4300 / 8000],
  ]);
  const halfSecond = 1 + Math.floor((4000 - 200) / 80); // windows of 25 ms every 10 ms, at 8 kHz
  expect(train.utterances.slice(0, 5).map(({ frames }) => frames)).toEqual(new Array(5).fill(halfSecond));
});
