// `npm run web:train`: makes what section 4 of the page trains on, web/public/train: 60 digit strings spoken one after another in one
// FLAC file, two manifests of its pieces, which the command line reads too, and config.yaml with all defaults filled in.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
register("../../scripts/typescript_loader.mjs?hooks", import.meta.url);

const { openRecording } = await import("../../data/audio/open_recording.ts");
const { makeDigitCorpus } = await import("../../data/synthetic/digit_corpus.ts");
const { loadConfig } = await import("../../checkpoint/load_config.ts");
const { plainConfig } = await import("../../config/config.ts");
const { CORPUS } = await import("../worker/speech/further_strings.ts");
const { flacFile } = await import("../../test/data/audio/flac_file.ts");

const OUT = "web/public/train";
const SIZES = { train: 52, dev: 8, test: 1, testUnseen: 1 }; // test sets are made, but do not come along

const folder = mkdtempSync(join(tmpdir(), "unfold-strings-"));
const manifests = await makeDigitCorpus(join(folder, "digits"), { ...CORPUS, sizes: SIZES });
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const samples = [];
for (const split of ["train", "dev"]) {
  const lines = [];
  for (const line of readFileSync(manifests[split], "utf8").trim().split("\n").map(JSON.parse)) {
    const recording = await openRecording(join(folder, "digits", line.audio_filepath));
    const waveform = await recording.read(0, await recording.length());
    await recording.close();
    const { sampleRate } = recording;
    lines.push({
      id: basename(line.audio_filepath, ".wav"),
      audio_filepath: "strings.flac",
      offset: samples.length / sampleRate,
      duration: waveform.length / sampleRate,
      text: line.text,
      speaker: line.speaker,
    });
    for (const sample of waveform) samples.push(Math.round(sample * 32768));
  }
  writeFileSync(join(OUT, `${split}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
const flac = await flacFile(Int32Array.from(samples), { rate: 8000 });
writeFileSync(join(OUT, "strings.flac"), flac);

const { data, ...config } = plainConfig(loadConfig("web/train/config.yaml"));
const { folder: _, ...places } = data; // this machine's
const named = { ...places, train: basename(data.train), dev: basename(data.dev) };
writeFileSync(join(OUT, "config.json"), `${JSON.stringify({ ...config, data: named }, null, 2)}\n`);
rmSync(folder, { recursive: true });
console.log(`${(samples.length / 8000).toFixed(0)} s in ${flac.length} bytes`);
