import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { isLanguageModelFile, loadCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { inspectCheckpoint, type Inspection } from "../train/memory/inspect.ts";
import { inspectLanguageModel, languageModelText } from "../train/memory/inspect_language_model.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { inspectionTable } from "../train/memory/inspection_table.ts";
import { CHECKPOINT } from "./options/arguments.ts";

export function register(program: Command): void {
  const command = program
    .command("inspect")
    .argument("<checkpoint>", CHECKPOINT)
    .description(
      "Show the parameters, schedules and memory of a checkpoint at each depth, or the size of a language model.",
    )
    .option("--json", "print everything as JSON");
  addAdapterOptions(command).action(runInspect);
}

async function runInspect(path: string, options: AdapterOptions & { json?: true }): Promise<void> {
  if (isLanguageModelFile(path)) {
    const inspection = inspectLanguageModel(path);
    return void process.stdout.write(
      options.json ? `${JSON.stringify(inspection, null, 2)}\n` : `${languageModelText(inspection)}\n`,
    );
  }
  const checkpoint = loadCheckpoint(path);
  const device = await openDevice(adapterOptions(options));
  checkpoint.close();
  const inspection: Inspection = inspectCheckpoint(device, checkpoint);
  device.close();
  process.stdout.write(options.json ? `${JSON.stringify(inspection, null, 2)}\n` : `${inspectionTable(inspection)}\n`);
}
