import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { subsampledLength } from "../model/subsampling.ts";
import { openRecognizer } from "../train/build_model.ts";
import { writeAtomically } from "../train/checkpoint.ts";
import { loadDataset } from "../train/data/dataset.ts";
import { readManifest } from "../train/data/manifest.ts";
import { dataWarnings } from "../train/data/warnings.ts";
import { countParameters, type DepthPath } from "../train/depths.ts";
import { evaluate } from "../train/evaluate.ts";
import { makeFolder } from "../train/run_folder.ts";
import { resultTable } from "../train/table.ts";
import { alignmentText, resultRow } from "../train/test_sets.ts";
import { adapterOptions, addAdapterOptions } from "./adapter_options.ts";
import { parseBeam, parseDepths } from "./depths_option.ts";
import { terminalObserver } from "./terminal_observer.ts";

interface EvalOptions extends AdapterOptions {
  depths?: string;
  beam?: string;
  json?: true;
  alignments?: string;
}

export function register(program: Command): void {
  const command = program
    .command("eval <checkpoint> <manifest>")
    .description("Word and character error rates of a checkpoint on a manifest, at each depth.")
    .option("--depths <list>", "logical depths, such as 2,4,6 (default: those of the checkpoint's config)")
    .option("--beam <width>", "CTC prefix beam search of this width instead of greedy decoding")
    .option("--json", "print the results as JSON")
    .option("--alignments <folder>", "folder for the alignments of every utterance, a file for each depth (default: the checkpoint's)");
  addAdapterOptions(command).action(runEval);
}

async function runEval(checkpoint: string, manifestFile: string, options: EvalOptions): Promise<void> {
  const beam = parseBeam(options.beam);
  const device = await openDevice(adapterOptions(options));
  const recognizer = openRecognizer(device, checkpoint);
  const { model, parameters, config, units, fbank, cmvn } = recognizer;
  const paths = parseDepths(options.depths, config);
  const observer = terminalObserver();
  const folder = options.alignments ?? dirname(recognizer.checkpoint.path);

  const manifest = await readManifest(manifestFile);
  const reading = observer.task("reading audio", manifest.entries.length);
  const set = await loadDataset(manifest.entries, { fbank, cmvn, units: null, outputFrames: subsampledLength, onProgress: reading.update }).finally(reading.stop);
  for (const warning of dataWarnings(manifest, set, units)) observer.message(`warning: ${warning}`);
  makeFolder(folder); // before the long part
  const decoding = observer.task("recognising", set.utterances.length * paths.length);
  const scores = await evaluate(device, model, set.utterances, paths, units, { beam, timed: true, onProgress: decoding.update });
  decoding.stop();
  device.close();

  const name = basename(manifestFile).replace(/\.jsonl?$/, "");
  for (const score of scores) writeAtomically(join(folder, `eval-${name}-${score.depth}.txt`), Buffer.from(alignmentText(score)));
  const rows = scores.map((score, i) => resultRow(score, paths[i] as DepthPath, countParameters(parameters), config.model.blocks));
  process.stdout.write(options.json ? `${JSON.stringify({ checkpoint: recognizer.checkpoint.path, manifest: manifestFile, beam: beam ?? null, rows }, null, 2)}\n` : `${resultTable(name, rows)}\n`);
}
