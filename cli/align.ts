import { Option, type Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { alignManifest } from "../train/alignment/align_manifest.ts";
import { writeAlignments, type AlignmentFormat } from "../train/alignment/alignment_files.ts";
import { openRecognizer } from "../train/build_model.ts";
import { readManifest } from "../train/data/manifest.ts";
import { makeFolder } from "../train/run_folder.ts";
import { adapterOptions, addAdapterOptions } from "./adapter_options.ts";
import { CHECKPOINT, MANIFEST } from "./checkpoint_argument.ts";
import { parseDepth } from "./depths_option.ts";
import { terminalObserver } from "./terminal_observer.ts";

interface AlignOptions extends AdapterOptions {
  out: string;
  format: AlignmentFormat;
  depth?: string;
}

export function register(program: Command): void {
  const command = program
    .command("align")
    .argument("<checkpoint>", CHECKPOINT)
    .argument("<manifest>", MANIFEST)
    .description("When each word of known texts is spoken: the most probable CTC path of each utterance's text.")
    .requiredOption("--out <folder>", "folder for the result")
    .addOption(
      new Option("--format <format>", "alignment.ctm of all utterances, or a .TextGrid of words and units for each")
        .choices(["ctm", "textgrid"])
        .default("ctm"),
    )
    .option("--depth <depth>", "logical depth (default: the deepest of the checkpoint's config)");
  addAdapterOptions(command).action(runAlign);
}

async function runAlign(checkpoint: string, manifestFile: string, options: AlignOptions): Promise<void> {
  const device = await openDevice(adapterOptions(options));
  const recognizer = openRecognizer(device, checkpoint);
  const path = parseDepth(options.depth, recognizer.config);
  const manifest = await readManifest(manifestFile);
  makeFolder(options.out); // before the long part
  const aligned = await alignManifest(device, recognizer, manifest, path, terminalObserver());
  device.close();
  process.stdout.write(
    `${aligned.length} of ${manifest.entries.length} utterances aligned: ${writeAlignments(options.out, aligned, options.format)}\n`,
  );
}
