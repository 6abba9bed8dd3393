#!/usr/bin/env node
import { Command } from "commander";
import { packageVersion } from "../train/package_version.ts";
import { exitCode, printError } from "./terminal/exit.ts";
import { expectTogether, inRanks } from "./terminal/ranks.ts";
import type { Watched } from "../train/parallel/watched.ts";

interface Verb {
  /** @param ranks the processes that were started to carry it out together; most verbs leave them alone */
  register(program: Command, ranks: Watched): void;
}

/** Each verb: one line for `unfold --help`, and its file, loaded only when the verb is used. */
const VERBS: Record<string, [summary: string, load: () => Promise<Verb>]> = {
  start: ["make a small corpus, train on it and show the result, all in minutes", () => import("./start.ts")],
  devices: ["list adapters, which one would be used, and why", () => import("./devices.ts")],
  doctor: ["examine this machine, and say what mends what is wrong", () => import("./doctor.ts")],
  bench: ["time kernels and training steps against this machine's limits", () => import("./bench.ts")],
  train: ["train a model and test it at every depth", () => import("./train.ts")],
  data: ["make a manifest of a corpus, check one for faults, compute feature statistics", () => import("./data.ts")],
  tokenizer: ["make a tokenizer.json of subwords from manifests, or inspect one", () => import("./tokenizer.ts")],
  experiment: [
    "train and compare the rows of an experiment: one table with intervals and tests",
    () => import("./experiment.ts"),
  ],
  lm: ["train a Transformer language model on texts, or measure its perplexity", () => import("./lm.ts")],
  config: ["print every key of a training config, with its default and meaning", () => import("./config.ts")],
  average: ["average checkpoints' weights into one checkpoint", () => import("./average.ts")],
  eval: ["measure a checkpoint's error rates at each depth, or compare two checkpoints", () => import("./eval.ts")],
  sensitivity: ["measure a checkpoint's error rate with each block left out in turn", () => import("./sensitivity.ts")],
  transcribe: ["print what is said in audio files", () => import("./transcribe.ts")],
  align: ["find when each word of known texts is spoken, as CTM or TextGrid", () => import("./align.ts")],
  export: [
    "write one depth of a checkpoint to a separate file: a small checkpoint, or ONNX",
    () => import("./export.ts"),
  ],
  import: [
    "make a seed from a wav2vec 2.0, HuBERT or wav2vec2-Conformer model in Hugging Face's layout",
    () => import("./import.ts"),
  ],
  inspect: ["show the parameters, schedules and memory of a checkpoint", () => import("./inspect.ts")],
};

/** Runs the command line. Exit codes: 0 success, 1 the run failed, 2 wrong input, 130 interrupted. */
async function main(words: string[], ranks: Watched): Promise<void> {
  const program = new Command("unfold")
    .description("Train and use seed-unfold Conformers for speech recognition, on a GPU or a CPU.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, "unfold: ")),
      ...(ranks.rank > 0 && { writeOut: () => undefined, writeErr: () => undefined }),
    })
    .hook("preAction", (_, command) => expectTogether(command, ranks));

  const named = words.find((word) => !word.startsWith("-") && word !== "help"); // `tokenizer` in `tokenizer train`
  for (const [name, [summary, load]] of Object.entries(VERBS)) {
    if (name === named) (await load()).register(program, ranks);
    else program.command(name).summary(summary).description(summary);
  }
  await program.parseAsync(words, { from: "user" });
}

// A reader that stops early, such as `head`, is not a failure. A run that can be interrupted saves and ends as if it were.
let piped = true;
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (!["EPIPE", "ERR_STREAM_DESTROYED"].includes(error.code ?? "")) throw error;
    if (piped && process.listenerCount("SIGTERM") > 0) process.emit("SIGTERM", "SIGTERM");
    else if (piped) process.exit(0);
    piped = false;
  });
process.on("uncaughtException", fail);

function fail(error: unknown): void {
  printError(error);
  // process.exitCode alone is not enough: a device that the failed verb left open keeps the process alive.
  process.stdout.write("", () => process.exit(exitCode(error)));
}

await inRanks((ranks) => main(process.argv.slice(2), ranks)).catch(fail);
