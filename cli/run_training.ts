import { openDevice, type Device } from "../engine/device.ts";
import { expectRun, isResumable } from "../train/run/run_folder.ts";
import { expectUnlocked } from "../train/run/run_lock.ts";
import { silentObserver } from "../train/run/run_observer.ts";
import type { Outcome, RunOptions } from "../train/training_loop.ts";
import { adapterOptions } from "./options/adapter.ts";
import type { parseProfile } from "./options/profile.ts";
import { expectForce, resumeCommand, runFolder, type TrainingOptions } from "./options/training.ts";
import { interruptible } from "./terminal/interrupt.ts";
import type { Watched } from "../train/parallel/watched.ts";
import { terminalObserver } from "./terminal/observer.ts";

/** What is trained, and by which command. */
export interface Training {
  readonly verb: string;
  /** The config's file. */
  readonly file: string;
  readonly options: TrainingOptions;
  readonly profile: ReturnType<typeof parseProfile>;
  readonly ranks: Watched;
  train(device: Device, options: RunOptions): Promise<Outcome>;
  /** Says where the result is. */
  finished(folder: string): string;
}

/** Trains in a run's folder until the end or an interruption, and then says what there is. What can be refused, is refused before. */
export async function runTraining({ verb, file, options, profile, ranks, train, finished }: Training): Promise<void> {
  const folder = runFolder(file, options);
  const resume = options.resume === true;
  expectForce(options);
  const isRoot = ranks.rank === 0; // the only one to write anything
  if (isRoot) expectUnlocked(folder); // the run checks it too; this fails at once
  if (isRoot) expectRun(folder, { resume });
  const device = await openDevice(adapterOptions(options));
  await interruptible(async (signal) => {
    const outcome = await train(device, {
      folder,
      resume,
      force: options.force === true,
      signal,
      observer: isRoot ? terminalObserver() : silentObserver,
      profile,
      ranks,
    });
    const saved = isResumable(folder)
      ? `Saved. Resume with: ${resumeCommand(verb, file, folder, options)}`
      : "Stopped before the first step: there is nothing to save.";
    if (isRoot) process.stdout.write(`\n${outcome === "finished" ? finished(folder) : saved}\n`);
    return outcome;
  }, ranks);
  device.close();
}
