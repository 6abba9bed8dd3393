import { dirname, join } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { writeAtomically } from "../data/files/atomic_file.ts";
import { openRecogniser } from "../recognition/open_recogniser.ts";
import { compareCheckpoints } from "../recognition/significance/compare.ts";
import { comparisonTable } from "../recognition/significance/compare_table.ts";
import { mapssweTable } from "../recognition/significance/mapsswe_table.ts";
import { expectOneStdin, inputStem, STDIN } from "../data/files/input.ts";
import { readManifest } from "../data/manifest/manifest.ts";
import { choosePaths } from "../recognition/evaluation/choose_paths.ts";
import { type DepthPath } from "../config/depths.ts";
import { countParameters } from "../model/parameter_counts.ts";
import { evaluateManifestAndPaths } from "../recognition/evaluation/evaluate_manifest.ts";
import { mergeScores } from "../recognition/evaluation/merge_scores.ts";
import { pathTable } from "../recognition/evaluation/path_table.ts";
import { expectTrn, trnFiles } from "../recognition/evaluation/trn.ts";
import { makeFolder } from "../data/files/output_place.ts";
import { resultTable } from "../train/log/table.ts";
import { alone, type Communicator } from "../train/parallel/communicator.ts";
import { byEachAlone } from "../train/parallel/uneven.ts";
import { silentObserver } from "../train/run/run_observer.ts";
import { alignmentText, resultRow } from "../train/test_sets.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { CHECKPOINT, MANIFEST } from "./options/arguments.ts";
import {
  addDecoderOptions,
  addDecodingOptions,
  hintDecoder,
  parseDecoderSearch,
  printDecoding,
  type DecoderOptions,
  type DecodingOptions,
} from "./options/decoding.ts";
import { parseDepthNumber, parseDepthNumbers, parseDepths } from "./options/depths.ts";
import { parsePaths } from "./options/paths.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface EvalOptions extends AdapterOptions, DecodingOptions, DecoderOptions {
  depths?: string;
  paths?: string;
  json?: true;
  alignments?: string;
  trn?: string;
  compare?: string;
  depthA?: string;
  depthB?: string;
}

export function register(program: Command, ranks: Communicator = alone): void {
  const command = program
    .command("eval")
    .argument("<checkpoint>", CHECKPOINT)
    .argument("<manifest>", MANIFEST)
    .description(
      "Measure a checkpoint's word and character error rates on a manifest at each depth or, with --compare, test whether two checkpoints differ.",
    )
    .option(
      "--depths <list>",
      "logical depths, such as 2,4,6 (default: those of the checkpoint's config; with --compare, those of both)",
    )
    .option(
      "--paths <all|number>",
      "evaluate all legal paths of each depth, or a number drawn among them, for mean, median and standard deviation of the WER over paths (in repeat order)",
    )
    .option("--json", "print the results as JSON")
    .option(
      "--alignments <folder>",
      "folder for the alignments of every utterance, one file per depth (default: the checkpoint's folder)",
    )
    .option(
      "--trn <folder>",
      "folder for trn files, which NIST's sclite reads: the references, and what was recognised at each depth",
    )
    .option(
      "--compare <checkpoint>",
      "checkpoint B to compare with the first one, A, by a paired bootstrap over the utterances and by MAPSSWE, the matched pairs test of NIST's sc_stats; may be A itself, for two of its depths",
    )
    .option("--depth-a <depth>", "with --compare: one depth of A (default: its deepest)")
    .option("--depth-b <depth>", "with --compare: one depth of B (default: its deepest)");
  addAdapterOptions(addDecoderOptions(addDecodingOptions(command))).action(
    (checkpoint: string, manifest: string, options: EvalOptions) =>
      options.compare === undefined
        ? runEval(checkpoint, manifest, options, ranks)
        : runCompare(checkpoint, options.compare, manifest, options),
  );
}

async function runEval(
  checkpoint: string,
  manifestFile: string,
  options: EvalOptions,
  ranks: Communicator,
): Promise<void> {
  const isRoot = ranks.rank === 0; // the only one to write and print
  for (const [name, value] of [
    ["--depth-a", options.depthA],
    ["--depth-b", options.depthB],
  ]) {
    if (value !== undefined) throw new UserError(`${name} needs --compare; without it, choose depths with --depths`);
  }
  const pathChoice = parsePaths(options.paths);
  const settings = parseDecoderSearch(options);
  expectOneStdin(manifestFile, options.lm);
  const device = await openDevice(adapterOptions(options));
  const recogniser = openRecogniser(device, checkpoint);
  const { config } = recogniser;
  const paths = parseDepths(options.depths, config);
  const depths = paths.map(({ depth }) => depth);
  const chosen = pathChoice === undefined ? [] : choosePaths(config, depths, pathChoice);
  const manifest = await readManifest(manifestFile);
  const folder = options.alignments ?? dirname(recogniser.checkpoint.path);
  if (isRoot) makeFolder(folder); // fails early, before the long part
  if (options.trn !== undefined) {
    expectTrn(manifest.entries);
    if (isRoot) makeFolder(options.trn);
  }
  const observer = isRoot ? terminalObserver() : silentObserver;
  const parts = await byEachAlone(ranks, () =>
    evaluateManifestAndPaths(device, recogniser, manifest, paths, chosen, settings, observer, { place: ranks }),
  );
  device.close();
  if (!isRoot) return;
  const scores = mergeScores(parts);
  const { spreads } = parts[0] as (typeof parts)[number];

  const name = inputStem(manifestFile);
  for (const score of scores)
    writeAtomically(join(folder, `eval-${name}-${score.depth}.txt`), Buffer.from(alignmentText(score)));
  const rows = scores.map((score, i) => resultRow(score, paths[i] as DepthPath, countParameters(recogniser), config));
  printDecoding(settings, [config]);
  hintDecoder(recogniser.model, settings);
  print(
    options,
    {
      checkpoint: recogniser.checkpoint.path,
      manifest: manifestFile,
      ...settings,
      rows,
      ...(pathChoice !== undefined && { paths: spreads }),
    },
    [resultTable(name, rows), ...(pathChoice === undefined ? [] : [pathTable(spreads)])].join("\n\n"),
  );
  // Last, since a recognised word may be one that trn files cannot hold, and then the results are not lost.
  if (options.trn !== undefined)
    for (const [file, text] of Object.entries(trnFiles(name, scores)))
      writeAtomically(join(options.trn, file), Buffer.from(text));
}

async function runCompare(
  checkpointA: string,
  checkpointB: string,
  manifestFile: string,
  options: EvalOptions,
): Promise<void> {
  if (options.alignments !== undefined)
    throw new UserError("--alignments cannot be combined with --compare, which keeps none");
  if (options.trn !== undefined)
    throw new UserError("--trn cannot be combined with --compare; evaluate each checkpoint with --trn for its files");
  if (options.paths !== undefined)
    throw new UserError("--paths cannot be combined with --compare, which compares one path of each depth");
  if (options.lm === STDIN)
    throw new UserError("--lm - cannot be combined with --compare, which reads the language model twice; give a file");
  const choice = {
    depths: parseDepthNumbers(options.depths),
    depthA: parseDepthNumber("--depth-a", options.depthA),
    depthB: parseDepthNumber("--depth-b", options.depthB),
  };
  const settings = parseDecoderSearch(options);
  expectOneStdin(manifestFile, options.lm);
  const device = await openDevice(adapterOptions(options));
  const [a, b] = [openRecogniser(device, checkpointA), openRecogniser(device, checkpointB)];
  const comparisons = await compareCheckpoints(
    device,
    a,
    b,
    await readManifest(manifestFile),
    choice,
    settings,
    terminalObserver(),
  );
  device.close();
  printDecoding(settings, [a.config, b.config]);
  print(
    options,
    { a: a.checkpoint.path, b: b.checkpoint.path, manifest: manifestFile, ...settings, comparisons },
    `${comparisonTable(comparisons)}\n\n${mapssweTable(comparisons)}`,
  );
}

function print({ json }: EvalOptions, result: object, table: string): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${table}\n`);
}
