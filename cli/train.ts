import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { type TrainConfig } from "../config/config.ts";
import { loadConfig } from "../checkpoint/load_config.ts";
import { LAST_FILE } from "../train/run/kept_checkpoints.ts";
import { train } from "../train/main.ts";
import { planTraining } from "../train/memory/memory_check.ts";
import { PROFILE_FILE, WARMUP_STEPS } from "../train/profile/step_profile.ts";
import { expectRun, isResumable } from "../train/run/run_folder.ts";
import { expectUnlocked } from "../train/run/run_lock.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { interruptible } from "./interrupt.ts";
import { parseProfile, PROFILED_STEPS } from "./options/profile.ts";
import { terminalObserver } from "./terminal_observer.ts";

interface TrainOptions extends AdapterOptions {
  set: string[];
  out?: string;
  data?: string;
  resume?: true;
  force?: true;
  plan?: true;
  profile?: true | string;
}

export function register(program: Command): void {
  const command = program
    .command("train <config>")
    .description(
      "Train a seed-unfold Conformer, or fine-tune a pretrained encoder, as set out in a YAML config, test it at every depth and write a report.",
    )
    .option(
      "--set <key=value>",
      "override a value of the config, such as model.dim=96; may be repeated",
      (text: string, all: string[]) => [...all, text],
      [],
    )
    .option(
      "--out <folder>",
      "folder for checkpoints, log and report (default: runs/ plus the name of the config's folder)",
    )
    .option("--data <folder>", "folder of the config's manifests, instead of data.folder")
    .option("--resume", "resume from the folder's last checkpoint")
    .option(
      "--force",
      "with --resume: resume even if the config or the training set has changed, as long as the model's shape has not",
    )
    .option(
      "--plan",
      "print the device memory that the largest batch will need, with advice if it is too much, and exit",
    )
    .option(
      "--profile [steps]",
      `while training, time every kernel of some steps (default: ${PROFILED_STEPS}) after the first ${WARMUP_STEPS}: prints the most expensive kernels ` +
        `and writes ${PROFILE_FILE} into the folder, a trace of host and device for chrome://tracing or ui.perfetto.dev. Results stay the same; those steps take longer`,
    );
  addAdapterOptions(command).action(runTrain);
}

async function runTrain(file: string, options: TrainOptions): Promise<void> {
  const profile = parseProfile(options.profile);
  const folder = options.out ?? join("runs", basename(dirname(resolve(file))));
  const resume = options.resume === true;
  const config = loadConfig(file, options.set, {
    dataFolder: options.data,
    resumedFrom: resume && isResumable(folder) ? join(folder, LAST_FILE) : undefined,
  });
  if (options.plan) return printPlan(config, options);
  if (options.force && !resume)
    throw new UserError("--force needs --resume: it resumes a run whose config has changed");
  expectUnlocked(folder); // train() checks it too; this fails at once
  expectRun(folder, { resume });
  const device = await openDevice(adapterOptions(options));
  await interruptible(async (signal) => {
    const outcome = await train(device, config, {
      folder,
      resume,
      force: options.force === true,
      signal,
      observer: terminalObserver(),
      profile,
    });
    if (outcome === "finished") process.stdout.write(`\nReport: ${join(folder, "report.html")}\n`);
    else
      process.stdout.write(
        isResumable(folder)
          ? `\nSaved. Resume with: ${resumeCommand(file, folder, options)}\n`
          : "\nStopped before the first step: there is nothing to save.\n",
      );
    return outcome;
  });
  device.close();
}

async function printPlan(config: TrainConfig, options: TrainOptions): Promise<void> {
  const device = await openDevice(adapterOptions(options));
  const { warnings } = await planTraining(device, config, terminalObserver(), (table) =>
    process.stdout.write(`${table}\n`),
  );
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  device.close();
}

/** The command that resumes the run: the same options, and `--resume`. */
function resumeCommand(file: string, folder: string, { set, data }: TrainOptions): string {
  const words = [
    file,
    ...set.flatMap((text) => ["--set", text]),
    ...(data === undefined ? [] : ["--data", data]),
    "--out",
    folder,
    "--resume",
  ];
  return `unfold train ${words.map((word) => (/^[\w./:=@%+,-]+$/u.test(word) ? word : `'${word}'`)).join(" ")}`;
}
