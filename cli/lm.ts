import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { BEST_FILE } from "../train/run/kept_checkpoints.ts";
import { languageModelReference } from "../config/reference.ts";
import { loadLanguageModelConfig } from "../checkpoint/language/load_config.ts";
import { leftOutWarnings, readTextLines, spellSentences } from "../data/sentences/sentences.ts";
import { formatCount } from "../data/text/number_format.ts";
import { openLanguageModel } from "../recognition/language/open_language_model.ts";
import { perplexityOf } from "../recognition/language/perplexity.ts";
import { trainLanguageModel } from "../train/language/main.ts";
import type { Watched } from "../train/parallel/watched.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { parseProfile } from "./options/profile.ts";
import { addTrainingOptions, type TrainingOptions } from "./options/training.ts";
import { runTraining } from "./run_training.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface EvalOptions extends AdapterOptions {
  json?: true;
}

export function register(program: Command, ranks: Watched): void {
  const command = program
    .command("lm")
    .description("Train a Transformer language model, measure its perplexity; --lm of other verbs takes it.");
  const train = command
    .command("train <config>")
    .description(
      "Train a Transformer language model on plain texts, one sentence a line, as set out in a YAML config.",
    );
  addAdapterOptions(addTrainingOptions(train, "texts")).action((file: string, options: TrainingOptions) =>
    runTrain(file, options, ranks),
  );
  const evaluate = command
    .command("eval")
    .argument("<checkpoint>", "a language model's run folder, for its best.safetensors, or any .safetensors file of it")
    .argument("<text...>", "text files, one sentence a line")
    .description("Measure a language model's perplexity per unit and per word.")
    .option("--json", "print the numbers as JSON");
  addAdapterOptions(evaluate).action(runEval);
  command
    .command("config")
    .description("Print every key of a language model's config with its default and meaning, as Markdown.")
    .action(() => void process.stdout.write(languageModelReference()));
}

async function runTrain(file: string, options: TrainingOptions, ranks: Watched): Promise<void> {
  const profile = parseProfile(options.profile);
  const config = loadLanguageModelConfig(file, options.set, options.data);
  await runTraining({
    verb: "lm train",
    file,
    options,
    profile,
    ranks,
    train: (device, run) => trainLanguageModel(device, config, run),
    finished: (folder) => `Language model: ${folder}/${BEST_FILE}`,
  });
}

async function runEval(checkpoint: string, texts: string[], options: EvalOptions): Promise<void> {
  const lines = await readTextLines(texts);
  const device = await openDevice(adapterOptions(options));
  const { path, model, units, config } = openLanguageModel(device, checkpoint);
  const set = spellSentences(lines, units);
  const observer = terminalObserver();
  for (const warning of leftOutWarnings("text", set, units)) observer.message(`warning: ${warning}`);
  const task = observer.task("reading sentences", set.sentences.length);
  const found = await perplexityOf(device, model, set.sentences, config.eval.batchSize, task.update).finally(task.stop);
  device.close();
  const result = { checkpoint: path, texts, ...found, leftOut: set.leftOut.length, unknownWords: set.unknownWords };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(result, null, 2)}\n`
      : `perplexity ${found.perUnit.toFixed(3)} per unit, ${found.perWord.toFixed(2)} per word; ${formatCount(found.sentences)} sentences, ` +
          `${formatCount(found.units)} units, ${formatCount(found.words)} words; ` +
          `${formatCount(set.unknownWords)} unknown words, whose ${formatCount(set.leftOut.length)} sentences are left out\n`,
  );
}
