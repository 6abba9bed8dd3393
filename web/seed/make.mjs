// `npm run web:seed`: makes what the page ships, web/public/seed. Speaks the corpus of `npm start` (or takes it from the cache), trains
// config.yaml on it in runs/seed (or resumes that run, or takes its result), and writes the checkpoint, six clips of the voice that
// training never heard, and what the checkpoint says of them at every depth, for browsers without WebGPU.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
register("../../scripts/typescript_loader.mjs?hooks", import.meta.url);

const { cacheFolder } = await import("../../engine/node/cache_folder.ts");
const { openDevice } = await import("../../engine/device.ts");
const { makeDigitCorpus } = await import("../../data/synthetic/digit_corpus.ts");
const { openRecording } = await import("../../data/audio/open_recording.ts");
const { parseCheckpoint } = await import("../../checkpoint/checkpoint.ts");
const { serialiseSafetensors } = await import("../../checkpoint/safetensors/safetensors.ts");
const { recogniserOf } = await import("../../recognition/recogniser.ts");
const { flacFile } = await import("../../test/data/audio/flac_file.ts");
const { recordResults } = await import("../worker/recorded.ts");
const { unfoldAll } = await import("../worker/unfold_all.ts");

const CONFIG = "web/seed/config.yaml";
const RUN = "runs/seed";
const OUT = "web/public/seed";
const CLIPS = 6;

const corpus = join(cacheFolder(), "digits");
const manifests = await makeDigitCorpus(corpus);
if (!process.argv.includes("--as-it-is")) train();
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const seed = shipped(readFileSync(join(RUN, "best.safetensors")));
writeFileSync(join(OUT, "seed.safetensors"), seed);

const clips = readFileSync(manifests.testUnseen, "utf8").split("\n").slice(0, CLIPS).map(JSON.parse);
const list = clips.map(({ text }, i) => ({ name: `Clip ${i + 1}`, text, file: `clip_${i + 1}.flac` }));
writeFileSync(join(OUT, "clips.json"), `${JSON.stringify(list, null, 2)}\n`);

const device = await openDevice();
const recogniser = recogniserOf(device, parseCheckpoint(seed, "seed.safetensors"));
const results = [];
for (const [i, { audio_filepath: path }] of clips.entries()) {
  const recording = await openRecording(join(corpus, path));
  const waveform = await recording.read(0, await recording.length());
  await recording.close();
  const samples = Int32Array.from(waveform, (sample) => Math.round(sample * 32768));
  writeFileSync(join(OUT, list[i].file), await flacFile(samples, { rate: recording.sampleRate }));
  const result = await unfoldAll(device, recogniser, waveform, recogniser.config.unfold.order);
  console.log(`${list[i].name}: ${clips[i].text}`);
  for (const { depth, text } of result.depths) console.log(`  depth ${depth}: ${text}`);
  results.push({ ...result, milliseconds: 0 });
}
writeFileSync(join(OUT, "recorded.safetensors"), recordResults(results));
device.close();

/** Trains, or goes on with a run that was interrupted; does nothing if it has finished. */
function train() {
  const words = existsSync(join(RUN, "last.safetensors"))
    ? ["train", CONFIG, "--data", corpus, "--out", RUN, "--resume"]
    : ["train", CONFIG, "--data", corpus, "--out", RUN];
  const { status } = spawnSync(process.execPath, ["dist/cli/main.js", ...words], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** A run's checkpoint without the paths of this machine and the run's diary. */
function shipped(bytes) {
  const { tensors, state } = parseCheckpoint(bytes, join(RUN, "best.safetensors"));
  const { data } = state.config;
  const test = Object.fromEntries(Object.entries(data.test).map(([name, path]) => [name, basename(path)]));
  const { folder: ___, ...places } = data;
  const plain = { ...places, train: basename(data.train), dev: basename(data.dev), test };
  const { unlogged: _, silence: __, ...kept } = state;
  const config = { ...state.config, data: plain };
  return serialiseSafetensors(tensors, { unfold: JSON.stringify({ ...kept, config }) });
}
