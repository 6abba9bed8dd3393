import { basename, dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import type { AdapterOptions } from "../../engine/adapter.ts";
import { UserError } from "../../engine/errors.ts";
import { PROFILE_FILE, WARMUP_STEPS } from "../../train/profile/step_profile.ts";
import { PROFILED_STEPS } from "./profile.ts";

/** The options of every verb that trains. */
export interface TrainingOptions extends AdapterOptions {
  set: string[];
  out?: string;
  data?: string;
  resume?: true;
  force?: true;
  profile?: true | string;
}

/** Adds `--set`, `--out`, `--data`, `--resume`, `--force` and `--profile`. */
export function addTrainingOptions(command: Command, data: string): Command {
  return command
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
    .option("--data <folder>", `folder of the config's ${data}, instead of data.folder`)
    .option("--resume", "resume from the folder's last checkpoint")
    .option(
      "--force",
      "with --resume: resume even if the config or the training set has changed, as long as the model's shape has not",
    )
    .option(
      "--profile [steps]",
      `while training, time every kernel of some steps (default: ${PROFILED_STEPS}) after the first ${WARMUP_STEPS}: prints the most expensive kernels ` +
        `and writes ${PROFILE_FILE} into the folder, a trace of host and device for chrome://tracing or ui.perfetto.dev. Results stay the same; those steps take longer`,
    );
}

/** The folder of a run. */
export const runFolder = (file: string, { out }: TrainingOptions): string =>
  out ?? join("runs", basename(dirname(resolve(file))));

/** Throws UserError for --force without --resume. */
export function expectForce({ force, resume }: TrainingOptions): void {
  if (force && !resume) throw new UserError("--force needs --resume: it resumes a run whose config has changed");
}

/** The command that resumes a run: the same options, and `--resume`. */
export function resumeCommand(verb: string, file: string, folder: string, { set, data }: TrainingOptions): string {
  const words = [
    file,
    ...set.flatMap((text) => ["--set", text]),
    ...(data === undefined ? [] : ["--data", data]),
    "--out",
    folder,
    "--resume",
  ];
  return `unfold ${verb} ${words.map((word) => (/^[\w./:=@%+,-]+$/u.test(word) ? word : `'${word}'`)).join(" ")}`;
}
