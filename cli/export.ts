import type { Command } from "commander";
import { loadCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { restoreConfig } from "../config/config.ts";
import { UserError } from "../engine/errors.ts";
import { exportForBrowser, weightTypes } from "../checkpoint/export/browser_file.ts";
import { exportFile, formatOf } from "../checkpoint/export/export_file.ts";
import { exportFolder } from "../checkpoint/hugging_face/export_folder.ts";
import { formatBytes, formatCount } from "../data/text/number_format.ts";
import { CHECKPOINT } from "./options/arguments.ts";
import { parseDepth, parseDepthNumber } from "./options/depths.ts";

interface ExportOptions {
  depth?: string;
  out?: string;
  format?: string;
  browser?: string;
  weights?: string;
  budget?: string;
  force?: true;
}

const FEEDING = `
An .onnx file does not need unfold: any ONNX runtime (opset 17) can run it. Its inputs and outputs:
  features        float32 [batch, frames, bins]; log-mel features as Kaldi computes them from 16-bit samples, with arbitrary padding at the end,
                  not normalised (mean and variance are in the graph). Sample rate, bins and the rest are in the metadata 'features'.
  lengths         int64 [batch]; frames of each utterance without padding
  log_probs       float32 [batch, about frames / 4, classes]; the metadata 'blank' and 'units' give the blank's class and the others' text
  output_lengths  int64 [batch]; valid frames of log_probs
A model with a decoder gives two files, because a search runs the encoder once an utterance and the decoder once a token: FILE.onnx
as above, with one output more, and FILE.decoder.onnx.
  states          float32 [batch, about frames / 4, dim]; what the decoder reads. The last class, the metadata 'sentence_end', starts and ends
                  sentences: a search leaves it out of log_probs.
The decoder's inputs are states and output_lengths, of as many utterances as prefixes or of one that all prefixes are of, and
  tokens          int64 [prefixes, tokens]; sentence_end, then the classes said so far, with arbitrary classes as padding at the end
and its output is
  next_log_probs  float32 [prefixes, tokens, classes]; of what follows each token; that of sentence_end: the sentence ends here
A joint search scores a text by 0.3 of CTC's log-probability (see model/decode/ctc_prefix_score.ts) and 0.7 of the decoder's.
`;

export function register(program: Command): void {
  program
    .command("export")
    .argument("<checkpoint>", CHECKPOINT)
    .description(
      "Write one depth of a checkpoint to a separate file: a checkpoint without what only training or other depths need, or an ONNX file. It holds a block's weights once, however often the block runs. With --browser, write the whole seed as one small file for the web page, which unfolds it to any depth.",
    )
    .option(
      "--out <file>",
      "the file to write: .safetensors for a checkpoint, which eval, transcribe and inspect open, or .onnx; with --format hf, a folder",
    )
    .option(
      "--depth <depth>",
      "logical depth (default: the deepest of the checkpoint's config; with --format hf, the seed, each block once)",
    )
    .option(
      "--format <format>",
      "safetensors, onnx (default: by the file's extension) or hf, a folder for Hugging Face transformers, in which a block that runs twice becomes two layers",
    )
    .option(
      "--browser <file>",
      "instead of --out: the .safetensors file to write for section 6 of the web page, which eval, transcribe and inspect open too",
    )
    .option("--weights <type>", "with --browser: f16 or f32 (default: f16, half the size)")
    .option("--budget <MB>", "with --browser: the most megabytes that the file may have (default: any size)")
    .option("--force", "overwrite an existing file")
    .addHelpText("after", FEEDING)
    .action(runExport);
}

function runExport(given: string, options: ExportOptions): void {
  const { out, browser, weights, budget, depth, format } = options;
  if (browser !== undefined) {
    if (out !== undefined || depth !== undefined || format !== undefined)
      throw new UserError(
        "export: --browser writes a whole seed to a file of its own, so it excludes --out, --depth and --format",
      );
    return exportSeed(given, browser, options);
  }
  if (weights !== undefined || budget !== undefined)
    throw new UserError("export: --weights and --budget need --browser");
  if (out === undefined) throw new UserError("export: expected --out FILE or --browser FILE, got neither");
  if (format === "hf") exportHuggingFace(given, { ...options, out });
  else exportOneFile(given, { ...options, out });
}

function exportSeed(given: string, out: string, { weights = "f16", budget, force }: ExportOptions): void {
  const type = weightTypes.find((name) => name === weights);
  if (!type) throw new UserError(`--weights: expected ${weightTypes.join(" or ")}, got '${weights}'`);
  const megabytes = budget === undefined ? undefined : Number(budget);
  if (megabytes !== undefined && !(megabytes > 0 && Number.isFinite(megabytes)))
    throw new UserError(`--budget: expected a number of megabytes, such as 25, got '${budget}'`);
  const checkpoint = loadCheckpoint(given);
  try {
    const config = restoreConfig(checkpoint.state.config, checkpoint.path);
    const { blocks, parameters, bytes } = exportForBrowser(checkpoint, config, out, {
      weights: type,
      budget: megabytes && megabytes * 1e6,
      force: force === true,
    });
    process.stdout.write(
      `${out}: a seed of ${blocks} ${blocks === 1 ? "block" : "blocks"}, ${formatCount(parameters)} parameters in ${type}, ${sizeText(bytes)}\n`,
    );
  } finally {
    checkpoint.close();
  }
}

type ToFile = ExportOptions & { readonly out: string };

function exportHuggingFace(given: string, { out, depth, force }: ToFile): void {
  const checkpoint = loadCheckpoint(given);
  const { schedule, parameters, stored, bytes } = exportFolder(checkpoint, out, {
    depth: parseDepthNumber("--depth", depth),
    force: force === true,
  });
  checkpoint.close();
  const why = stored > parameters ? "not all of whose blocks run" : "where a block that runs twice is stored once";
  const shared = stored === parameters ? "" : ` (${formatCount(stored)} in the checkpoint, ${why})`;
  process.stdout.write(
    `${out}: ${schedule.length} layers, blocks ${schedule.join(" ")}, ${formatCount(parameters)} parameters${shared}, ${formatBytes(bytes)} (${formatCount(bytes)} bytes)\n`,
  );
}

function exportOneFile(given: string, { out, depth, format: wanted, force }: ToFile): void {
  const format = formatOf(out, wanted);
  const checkpoint = loadCheckpoint(given);
  const config = restoreConfig(checkpoint.state.config, checkpoint.path);
  const path = parseDepth(depth, config);
  const exported = exportFile(checkpoint, config, path, out, { format, force: force === true });
  checkpoint.close();
  const { bytes, decoderParameters, decoderFile } = exported;
  const elsewhere = decoderFile ? decoderParameters : 0;
  const [parameters, untied] = [exported.parameters - elsewhere, exported.untied - elsewhere];
  const saved = untied === parameters ? "" : ` (${formatCount(untied)} if its ${path.depth} layers shared nothing)`;
  process.stdout.write(
    `${out}: depth ${path.depth}, blocks ${path.schedule.join(" ")}, ${formatCount(parameters)} parameters${saved}, ${sizeText(bytes)}\n`,
  );
  if (decoderFile)
    process.stdout.write(
      `${decoderFile.path}: its decoder, ${formatCount(decoderParameters)} parameters, ${sizeText(decoderFile.bytes)}\n`,
    );
}

const sizeText = (bytes: number): string => `${formatBytes(bytes)} (${formatCount(bytes)} bytes)`;
