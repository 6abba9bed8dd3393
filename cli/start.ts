import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { cacheFolder } from "../engine/node/cache_folder.ts";
import { openDevice, type Device } from "../engine/device.ts";
import { openRecogniser } from "../recognition/open_recogniser.ts";
import { loadConfig } from "../checkpoint/load_config.ts";
import { makeDigitCorpus } from "../data/synthetic/digit_corpus.ts";
import { readManifest } from "../data/manifest/manifest.ts";
import { evaluatedPaths, type DepthPath } from "../config/depths.ts";
import { lastReason } from "../train/log/log.ts";
import { train } from "../train/main.ts";
import { silentObserver } from "../train/run/run_observer.ts";
import { transcribeFiles } from "../recognition/transcribe.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { interruptible } from "./terminal/interrupt.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface StartOptions extends AdapterOptions {
  out: string;
  set: string[];
}

export function register(program: Command): void {
  const command = program
    .command("start")
    .description(
      "Make a small corpus of spoken digits, train a seed-unfold Conformer on it, and show what it has learnt at every depth.",
    )
    .option("--out <folder>", "folder for the runs", "runs")
    .option(
      "--set <key=value>",
      "override a value of examples/digits/config.yaml; may be repeated",
      (text: string, all: string[]) => [...all, text],
      [],
    );
  addAdapterOptions(command).action(start);
}

async function start(options: StartOptions): Promise<void> {
  const observer = terminalObserver();
  const corpus = join(cacheFolder(), "digits");
  let task: ReturnType<typeof observer.task> | undefined;
  const manifests = await makeDigitCorpus(corpus, {}, (done, total) => {
    task ??= observer.task("speaking digits", total);
    task.update(done, total);
  });
  task?.stop();

  const config = loadConfig(fileURLToPath(new URL("../examples/digits/config.yaml", import.meta.url)), options.set, {
    dataFolder: corpus,
  });
  const device = await openDevice(adapterOptions(options));
  process.stderr.write(`computing on ${device.info.name}\n`);
  const { folder, resume } = nextRun(options.out);
  if (resume) process.stderr.write(`resuming the interrupted run in ${folder}\n`);
  await interruptible(async (signal) => {
    const outcome = await train(device, config, { folder, resume, signal, observer });
    if (outcome === "finished") {
      await showThreeFiles(device, folder, manifests.test);
      process.stdout.write(`\nReport: ${join(folder, "report.html")}\n`);
    } else process.stdout.write("\nSaved. Run the same command again to continue.\n");
    return outcome;
  });
  device.close();
}

/** The first of digits, digits-2, … that is not finished: a new folder, or an interrupted run to resume. */
function nextRun(runs: string): { folder: string; resume: boolean } {
  for (let n = 1; ; n++) {
    const folder = join(runs, n === 1 ? "digits" : `digits-${n}`);
    if (!existsSync(join(folder, "last.safetensors"))) return { folder, resume: false };
    if (lastReason(folder) !== "finished") return { folder, resume: true };
  }
}

async function showThreeFiles(device: Device, folder: string, manifest: string): Promise<void> {
  const { entries } = await readManifest(manifest);
  const chosen = [0, 1, 2]
    .map((i) => entries[Math.floor((i * entries.length) / 3)])
    .filter((entry) => entry !== undefined);
  const recogniser = openRecogniser(device, folder);
  const deepest = evaluatedPaths(recogniser.config).at(-1) as DepthPath;
  const {
    transcripts,
    faults: [fault],
  } = await transcribeFiles(
    device,
    recogniser,
    chosen.map(({ audioPath }) => audioPath),
    deepest,
    silentObserver,
    {},
  );
  if (fault) throw fault;
  process.stdout.write("\nThree files that it has never heard:\n");
  transcripts.forEach(({ file, text }, i) =>
    process.stdout.write(`  ${file}\n    said: ${chosen[i]?.text}\n    heard: ${text}\n`),
  );
}
