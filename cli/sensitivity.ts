import { resolve } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { loadCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { identifyLayers } from "../checkpoint/layer_identity.ts";
import { writeSensitivity } from "../checkpoint/sensitivity_file.ts";
import { writeAtomically } from "../data/files/atomic_file.ts";
import { expectWritable } from "../data/files/output_place.ts";
import { expectOneStdin } from "../data/files/input.ts";
import { readManifest } from "../data/manifest/manifest.ts";
import { measureSensitivity } from "../recognition/evaluation/sensitivity.ts";
import { sensitivityTable } from "../recognition/evaluation/sensitivity_table.ts";
import { recogniserOf } from "../recognition/recogniser.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { CHECKPOINT, MANIFEST } from "./options/arguments.ts";
import {
  addDecoderOptions,
  addDecodingOptions,
  parseDecoderSearch,
  printDecoding,
  type DecoderOptions,
  type DecodingOptions,
} from "./options/decoding.ts";
import { parseDepth } from "./options/depths.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface SensitivityOptions extends AdapterOptions, DecodingOptions, DecoderOptions {
  depth?: string;
  json?: string;
  figure?: string;
  force?: true;
}

export function register(program: Command): void {
  const command = program
    .command("sensitivity")
    .argument("<checkpoint>", CHECKPOINT)
    .argument("<manifest>", MANIFEST)
    .description(
      "Measure a checkpoint's word error rate with each physical block left out in turn, beside that of the whole path.",
    )
    .option("--depth <depth>", "logical depth of the whole path (default: the deepest of the checkpoint's config)")
    .option("--json <file>", "file for the measurement, by which unfold import --keep chooses layers")
    .option("--figure <file>", "file for a bar chart, an .svg")
    .option("--force", "overwrite existing files");
  addAdapterOptions(addDecoderOptions(addDecodingOptions(command))).action(runSensitivity);
}

async function runSensitivity(path: string, manifestFile: string, options: SensitivityOptions): Promise<void> {
  const { json, figure } = options;
  expectFiles(options);
  const settings = parseDecoderSearch(options);
  expectOneStdin(manifestFile, options.lm);
  const checkpoint = loadCheckpoint(path);
  try {
    const device = await openDevice(adapterOptions(options));
    const recogniser = recogniserOf(device, checkpoint);
    const { config, model } = recogniser;
    const whole = parseDepth(options.depth, config);
    const manifest = await readManifest(manifestFile);
    const measured = await measureSensitivity(device, recogniser, manifest, whole, settings, terminalObserver());
    device.close();
    printDecoding(settings, [config]);
    if (json !== undefined) {
      const file = { model: identifyLayers(config.model, model, checkpoint.tensors), ...measured };
      writeSensitivity(json, file, { checkpoint: checkpoint.path, manifest: manifestFile, ...settings });
    }
    if (figure !== undefined) {
      const { sensitivityFigure } = await import("../train/report/sensitivity_figure.ts"); // its charts are of hundreds of files
      writeAtomically(figure, Buffer.from(sensitivityFigure(measured)));
    }
    process.stdout.write(`${sensitivityTable(measured)}\n`);
  } finally {
    checkpoint.close();
  }
}

/** Throws UserError, before the long part, for files that cannot be written. */
function expectFiles({ json, figure, force }: SensitivityOptions): void {
  if (figure !== undefined && !figure.endsWith(".svg"))
    throw new UserError(`--figure: expected a name that ends in .svg, got '${figure}'`);
  if (json !== undefined && figure !== undefined && resolve(json) === resolve(figure))
    throw new UserError("--json and --figure name the same file");
  for (const file of [json, figure]) if (file !== undefined) expectWritable(file, force === true);
}
