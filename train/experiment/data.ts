import { createHash } from "node:crypto";
import { join } from "node:path";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import { makeDigitCorpus } from "../../data/synthetic/digit_corpus.ts";
import type { TaskDisplay } from "../../data/observer.ts";
import type { RunObserver } from "../run/run_observer.ts";
import type { Experiment } from "./config.ts";

/**
 * The folder of an experiment's manifests: `given`, or that of the corpus its config asks for, which is made in the cache
 * folder on first use, with one folder per set of options. Undefined means the training config's folder.
 */
export async function experimentData(
  { corpus }: Experiment,
  given: string | undefined,
  observer: RunObserver,
): Promise<string | undefined> {
  if (given !== undefined || corpus === undefined) return given;
  const { train, dev, test, test_unseen: testUnseen, snr, seed, ...held } = corpus.digits;
  const { held_out_speaker: heldOutSpeaker, unseen_speeds: unseenSpeeds } = held;
  const options = { sizes: { train, dev, test, testUnseen }, heldOutSpeaker, unseenSpeeds, snr, seed };
  const folder = join(
    cacheFolder(),
    `digits-${createHash("sha256").update(JSON.stringify(options)).digest("hex").slice(0, 8)}`,
  );
  let task: TaskDisplay | undefined;
  await makeDigitCorpus(folder, options, (done, total) => {
    task ??= observer.task("speaking digits", total);
    task.update(done, total);
  });
  task?.stop();
  return folder;
}
