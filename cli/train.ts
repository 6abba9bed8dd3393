import { join } from "node:path";
import type { Command } from "commander";
import { openDevice } from "../engine/device.ts";
import { restoreConfig, type TrainConfig } from "../config/config.ts";
import { loadState } from "../checkpoint/checkpoint_file.ts";
import { loadConfig } from "../checkpoint/load_config.ts";
import { LAST_FILE } from "../train/run/kept_checkpoints.ts";
import { train } from "../train/main.ts";
import { continuedCheckpointing } from "../train/memory/choose_checkpointing.ts";
import { planTraining } from "../train/memory/memory_check.ts";
import { isResumable } from "../train/run/run_folder.ts";
import type { Watched } from "../train/parallel/watched.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { parseProfile } from "./options/profile.ts";
import { addTrainingOptions, runFolder, type TrainingOptions } from "./options/training.ts";
import { runTraining } from "./run_training.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface TrainOptions extends TrainingOptions {
  plan?: true;
}

export function register(program: Command, ranks: Watched): void {
  const command = program
    .command("train <config>")
    .description(
      "Train a seed-unfold Conformer, or fine-tune a pretrained encoder, as set out in a YAML config, test it at every depth and write a report.",
    );
  addTrainingOptions(command, "manifests").option(
    "--plan",
    "print the device memory that the largest batch will need, with advice if it is too much, and exit",
  );
  addAdapterOptions(command).action((file: string, options: TrainOptions) => runTrain(file, options, ranks));
}

async function runTrain(file: string, options: TrainOptions, ranks: Watched): Promise<void> {
  const profile = parseProfile(options.profile);
  const folder = runFolder(file, options);
  const resume = options.resume === true;
  const resumedFrom = resume && isResumable(folder) ? join(folder, LAST_FILE) : undefined;
  const config = loadConfig(file, options.set, { dataFolder: options.data, resumedFrom });
  if (options.plan) return printPlan(asContinued(config, resumedFrom), options);
  await runTraining({
    verb: "train",
    file,
    options,
    profile,
    ranks,
    train: (device, run) => train(device, config, run),
    finished: (at) => `Report: ${join(at, "report.html")}`,
  });
}

const asContinued = (config: TrainConfig, checkpoint: string | undefined): TrainConfig =>
  checkpoint === undefined
    ? config
    : continuedCheckpointing(config, restoreConfig(loadState(checkpoint).config, checkpoint));

async function printPlan(config: TrainConfig, options: TrainOptions): Promise<void> {
  const device = await openDevice(adapterOptions(options));
  const { warnings } = await planTraining(device, config, terminalObserver(), (table) =>
    process.stdout.write(`${table}\n`),
  );
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  device.close();
}
