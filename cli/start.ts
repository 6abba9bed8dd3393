import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { cacheFolder } from "../engine/node/cache_folder.ts";
import { openDevice } from "../engine/device.ts";
import { loadConfig } from "../checkpoint/load_config.ts";
import { makeDigitCorpus } from "../data/synthetic/digit_corpus.ts";
import { lastReason } from "../train/log/log.ts";
import { train } from "../train/main.ts";
import { heardAtEachDepth, withThreeStrings } from "./start/first_look.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { interruptible } from "./terminal/interrupt.ts";
import { showsColour } from "./terminal/judged.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface StartOptions extends AdapterOptions {
  out: string;
  set: string[];
}

export function register(program: Command): void {
  const command = program
    .command("start")
    .description(
      "Show what a shipped seed hears at every depth, then make a small corpus of spoken digits, train a seed-unfold Conformer on it, and show the same again.",
    )
    .option("--out <folder>", "folder for the runs", "runs")
    .option(
      "--set <key=value>",
      "override a value of examples/digits/config.yaml; may be repeated",
      (text: string, all: string[]) => [...all, text],
      [],
    );
  addAdapterOptions(command).action(start);
}

/** Trained by `npm run web:seed` on the corpus of this command. */
const SHIPPED_SEED = fileURLToPath(new URL("../web/public/seed/seed.safetensors", import.meta.url));

async function start(options: StartOptions): Promise<void> {
  const observer = terminalObserver();
  const colour = showsColour(process.stdout);
  const corpus = join(cacheFolder(), "digits");
  const example = fileURLToPath(new URL("../examples/digits/config.yaml", import.meta.url));
  const config = loadConfig(example, options.set, { dataFolder: corpus }); // a mistake in --set is said at once
  const device = await openDevice(adapterOptions(options));
  process.stderr.write(`computing on ${device.info.name}\n`);
  await withThreeStrings(async (spoken) => {
    process.stdout.write(
      `\nWhat a checkpoint that comes with unfold hears in three recordings it was not trained on.\n${await heardAtEachDepth(device, SHIPPED_SEED, spoken, colour)}\nNow one is trained from nothing.\n`,
    );
    let task: ReturnType<typeof observer.task> | undefined;
    await makeDigitCorpus(corpus, {}, (done, total) => {
      task ??= observer.task("speaking digits", total);
      task.update(done, total);
    });
    task?.stop();

    const { folder, resume } = nextRun(options.out);
    if (resume) process.stderr.write(`resuming the interrupted run in ${folder}\n`);
    await interruptible(async (signal) => {
      const outcome = await train(device, config, { folder, resume, signal, observer });
      if (outcome === "finished") {
        process.stdout.write(
          `\nWhat it hears in the same recordings.\n${await heardAtEachDepth(device, folder, spoken, colour)}\nReport: ${join(folder, "report.html")}\n`,
        );
      } else process.stdout.write("\nSaved. Run the same command again to continue.\n");
      return outcome;
    });
  });
  device.close();
}

/** The first of digits, digits-2, … that is not finished: a new folder, or an interrupted run to resume. */
function nextRun(runs: string): { folder: string; resume: boolean } {
  for (let n = 1; ; n++) {
    const folder = join(runs, n === 1 ? "digits" : `digits-${n}`);
    if (!existsSync(join(folder, "last.safetensors"))) return { folder, resume: false };
    if (lastReason(folder) !== "finished") return { folder, resume: true };
  }
}
