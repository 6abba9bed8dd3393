import { Argument, type Command } from "commander";
import { loadConfig, originOf } from "../checkpoint/load_config.ts";
import { checkData } from "../data/check/check_data.ts";
import { dataTable } from "../data/check/table.ts";
import { computeStatistics } from "../data/feature_statistics.ts";
import { expectOneStdin } from "../data/files/input.ts";
import { importCorpus, IMPORTERS } from "../data/import/import_corpus.ts";
import { formatCount, formatDuration, formatNumber } from "../data/text/number_format.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface ImportOptions {
  out: string;
  lowercase?: boolean;
  punctuation: boolean;
  removeMarks?: boolean;
  durations?: boolean;
  force?: boolean;
  intersect?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command("data")
    .description("Make manifests of corpora, check them for faults, compute feature statistics.");
  command
    .command("import")
    .addArgument(new Argument("<kind>", "format of the corpus").choices(Object.keys(IMPORTERS)))
    .argument("<path>", "its folder (kaldi, librispeech, audiofolder) or file (commonvoice: a .tsv, jsonl)")
    .description("Write a manifest of a corpus; the audio stays where it is.")
    .requiredOption("--out <manifest>", "the JSON Lines file to write; audio paths in it are relative to its folder")
    .option("--lowercase", "convert texts to lower case")
    .option("--no-punctuation", "remove punctuation from the texts, except apostrophes and hyphens within words")
    .option("--remove-marks", "remove marks of what is no word from the texts: <unk>, [noise]")
    .option("--durations", "read the audio for durations that the corpus does not give")
    .option("--intersect", "kaldi: keep the utterances that text, segments (or wav.scp) and utt2spk share")
    .option("--force", "overwrite an existing manifest")
    .action(runImport);
  command
    .command("check <manifest>")
    .description(
      "Read all audio and texts of a manifest and report statistics and faults. Exit code 1 if there are faults.",
    )
    .option("--config <file>", "check against this config's sample rate, features and units instead of the defaults")
    .option("--json", "print everything as JSON")
    .action(runCheck);
  command
    .command("stats <manifest>")
    .description("Compute the mean and variance of the features, for a config's data.cmvn.")
    .requiredOption("--config <file>", "the config that defines the features")
    .requiredOption("--out <file>", "the JSON file to write")
    .option("--force", "overwrite an existing file")
    .action(runStats);
}

async function runImport(
  kind: string,
  corpus: string,
  {
    out,
    lowercase = false,
    punctuation,
    removeMarks = false,
    durations = false,
    force = false,
    intersect = false,
  }: ImportOptions,
): Promise<void> {
  const summary = await importCorpus(kind, corpus, {
    out,
    lowercase,
    punctuation,
    removeMarks,
    durations,
    force,
    intersect,
    observer: terminalObserver(),
  });
  warn(summary.warnings);
  const { utterances, files, speakers, seconds, unknownDurations } = summary;
  const duration =
    unknownDurations === utterances
      ? "durations unknown"
      : `${formatDuration(seconds)}${unknownDurations > 0 ? `, ${formatCount(unknownDurations)} durations unknown` : ""}`;
  process.stdout.write(
    `${out}: ${formatCount(utterances)} utterances, ${formatCount(files)} files, ${speakers > 0 ? `${formatCount(speakers)} speakers, ` : ""}${duration}\n`,
  );
}

async function runCheck(manifest: string, options: { config?: string; json?: true }): Promise<void> {
  expectOneStdin(manifest, options.config);
  const config = options.config === undefined ? null : loadConfig(options.config);
  const report = await checkData(manifest, config, {
    origin: config ? originOf(config) : undefined,
    observer: terminalObserver(),
  });
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : `${dataTable(report)}\n`);
  if (report.faults.length > 0) process.exitCode = 1;
}

async function runStats(
  manifest: string,
  { config: configFile, out, force = false }: { config: string; out: string; force?: boolean },
): Promise<void> {
  expectOneStdin(manifest, configFile);
  const config = loadConfig(configFile);
  const { cmvn, utterances, seconds, warnings } = await computeStatistics(manifest, config, {
    out,
    force,
    origin: originOf(config),
    observer: terminalObserver(),
  });
  warn(warnings);
  const range = (values: Float64Array) =>
    `${formatNumber(Math.min(...values))} to ${formatNumber(Math.max(...values))}`;
  process.stdout.write(
    `${out}: ${formatCount(cmvn.frames)} frames of ${formatCount(utterances)} utterances (${formatDuration(seconds)}), ${cmvn.mean.length} bins, ` +
      `mean ${range(cmvn.mean)}, standard deviation ${range(cmvn.variance.map(Math.sqrt))}\n`,
  );
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}
