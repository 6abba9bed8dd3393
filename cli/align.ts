import { Option, type Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { alignManifest } from "../recognition/alignment/align_manifest.ts";
import { writeAlignments, type AlignmentFormat } from "../recognition/alignment/alignment_files.ts";
import { openRecogniser } from "../recognition/open_recogniser.ts";
import { readManifest } from "../data/manifest/manifest.ts";
import { makeFolder } from "../data/files/output_place.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { CHECKPOINT, MANIFEST } from "./options/arguments.ts";
import { parseDepth } from "./options/depths.ts";
import { terminalObserver } from "./terminal/observer.ts";

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
    .description(
      "Find when each word of known texts is spoken, by the most probable CTC path of each utterance's text.",
    )
    .requiredOption("--out <folder>", "folder for the result")
    .addOption(
      new Option(
        "--format <format>",
        "one alignment.ctm for all utterances, or a .TextGrid of words and units for each",
      )
        .choices(["ctm", "textgrid"])
        .default("ctm"),
    )
    .option("--depth <depth>", "logical depth (default: the deepest of the checkpoint's config)");
  addAdapterOptions(command).action(runAlign);
}

async function runAlign(checkpoint: string, manifestFile: string, options: AlignOptions): Promise<void> {
  const device = await openDevice(adapterOptions(options));
  const recogniser = openRecogniser(device, checkpoint);
  const path = parseDepth(options.depth, recogniser.config);
  const manifest = await readManifest(manifestFile);
  makeFolder(options.out); // before the long part
  const aligned = await alignManifest(device, recogniser, manifest, path, terminalObserver());
  device.close();
  process.stdout.write(
    `${aligned.length} of ${manifest.entries.length} utterances aligned: ${writeAlignments(options.out, aligned, options.format)}\n`,
  );
}
