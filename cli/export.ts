import type { Command } from "commander";
import { loadCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { restoreConfig } from "../config/config.ts";
import { exportFile, formatOf } from "../checkpoint/export/export_file.ts";
import { exportFolder } from "../checkpoint/hugging_face/export_folder.ts";
import { formatBytes, formatCount } from "../data/text/number_format.ts";
import { CHECKPOINT } from "./options/arguments.ts";
import { parseDepth, parseDepthNumber } from "./options/depths.ts";

interface ExportOptions {
  depth?: string;
  out: string;
  format?: string;
  force?: true;
}

const FEEDING = `
An .onnx file needs no unfold: any runtime of ONNX (opset 17) runs it. Its inputs and outputs:
  features        float32 [batch, frames, bins]; log-mel as Kaldi computes it of 16-bit samples, padded at the end with anything,
                  not normalised (mean and variance are in the graph). Sample rate, bins and the rest: its metadata 'features'.
  lengths         int64 [batch]; real frames of each utterance
  log_probs       float32 [batch, about frames / 4, classes]; which is the blank, and the others' text: its metadata 'blank' and 'units'
  output_lengths  int64 [batch]; frames of log_probs that count
`;

export function register(program: Command): void {
  program
    .command("export")
    .argument("<checkpoint>", CHECKPOINT)
    .description(
      "Write one depth of a checkpoint as a file of its own: a checkpoint without what training needs and other depths use, or an ONNX file. Weights of a block are in it once, however often it runs.",
    )
    .requiredOption(
      "--out <file>",
      "the file to write: .safetensors for a checkpoint, which eval, transcribe and inspect open, or .onnx; with --format hf a folder",
    )
    .option(
      "--depth <depth>",
      "logical depth (default: the deepest of the checkpoint's config; with --format hf the seed, each block once)",
    )
    .option(
      "--format <format>",
      "safetensors, onnx (default: as the name of the file ends) or hf, a folder for Hugging Face transformers, where a block that runs twice is two layers",
    )
    .option("--force", "write over a file that is there")
    .addHelpText("after", FEEDING)
    .action(runExport);
}

function runExport(given: string, options: ExportOptions): void {
  if (options.format === "hf") exportHuggingFace(given, options);
  else exportOneFile(given, options);
}

function exportHuggingFace(given: string, { out, depth, force }: ExportOptions): void {
  const checkpoint = loadCheckpoint(given);
  const { schedule, parameters, stored, bytes } = exportFolder(checkpoint, out, {
    depth: parseDepthNumber("--depth", depth),
    force: force === true,
  });
  checkpoint.close();
  const why = stored > parameters ? "not all of whose blocks run" : "where blocks that run twice are one";
  const shared = stored === parameters ? "" : ` (${formatCount(stored)} in the checkpoint, ${why})`;
  process.stdout.write(
    `${out}: ${schedule.length} layers, blocks ${schedule.join(" ")}, ${formatCount(parameters)} parameters${shared}, ${formatBytes(bytes)} (${formatCount(bytes)} bytes)\n`,
  );
}

function exportOneFile(given: string, { out, depth, format: wanted, force }: ExportOptions): void {
  const format = formatOf(out, wanted);
  const checkpoint = loadCheckpoint(given);
  const config = restoreConfig(checkpoint.state.config, checkpoint.path);
  const path = parseDepth(depth, config);
  const { parameters, untied, bytes } = exportFile(checkpoint, config, path, out, { format, force: force === true });
  checkpoint.close();
  const saved = untied === parameters ? "" : ` (${formatCount(untied)} if its ${path.depth} layers shared nothing)`;
  process.stdout.write(
    `${out}: depth ${path.depth}, blocks ${path.schedule.join(" ")}, ${formatCount(parameters)} parameters${saved}, ${formatBytes(bytes)} (${formatCount(bytes)} bytes)\n`,
  );
}
