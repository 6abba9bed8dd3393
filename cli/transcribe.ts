import type { Command } from "commander";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { expectOneStdin } from "../data/files/input.ts";
import { openRecogniser } from "../recognition/open_recogniser.ts";
import { openSearch } from "../recognition/threads/open_search.ts";
import { fittingChunk } from "../recognition/fitting_chunk.ts";
import { formatDuration } from "../data/text/number_format.ts";
import { mergeTranscriptions, transcribeFiles } from "../recognition/transcribe.ts";
import { alone, type Communicator } from "../train/parallel/communicator.ts";
import { byEachAlone } from "../train/parallel/uneven.ts";
import { silentObserver } from "../train/run/run_observer.ts";
import { adapterOptions, addAdapterOptions } from "./options/adapter.ts";
import { CHECKPOINT } from "./options/arguments.ts";
import { addChunkOptions, parseChunks, type ChunkOptions } from "./options/chunks.ts";
import {
  addDecoderOptions,
  addDecodingOptions,
  hintDecoder,
  parseDecoderSearch,
  type DecoderOptions,
  type DecodingOptions,
} from "./options/decoding.ts";
import { parseDepth, parseNbest } from "./options/depths.ts";
import { withStdinFile } from "./options/stdin_file.ts";
import { exitCode, printError } from "./terminal/exit.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface TranscribeOptions extends AdapterOptions, DecodingOptions, DecoderOptions, ChunkOptions {
  depth?: string;
  json?: true;
  nbest?: string;
  timestamps?: true;
}

export function register(program: Command, ranks: Communicator = alone): void {
  const command = program
    .command("transcribe")
    .argument("<checkpoint>", CHECKPOINT)
    .argument("<file...>", "audio files: WAV, AIFF, FLAC, MP3, Ogg Vorbis or Opus; - is standard input")
    .description(
      "Transcribe audio files. Files that cannot be read are named on stderr, with exit code 2; the others are still transcribed.",
    )
    .option("--depth <depth>", "logical depth (default: the deepest of the checkpoint's config)")
    .option("--json", "print one JSON object per file")
    .option(
      "--nbest <count>",
      "with --json and --beam or --search: also this many of the best texts, each with its scores",
    )
    .option("--timestamps", "with --json: also when each word is spoken, in seconds, and how confident the model is");
  addAdapterOptions(addDecoderOptions(addDecodingOptions(addChunkOptions(command)))).action(
    (checkpoint: string, files: string[], options: TranscribeOptions) =>
      runTranscribe(checkpoint, files, options, ranks),
  );
}

async function runTranscribe(
  checkpoint: string,
  files: string[],
  options: TranscribeOptions,
  ranks: Communicator,
): Promise<void> {
  const isRoot = ranks.rank === 0; // the only one to print
  const { json, timestamps } = options;
  const settings = parseDecoderSearch(options);
  const { beam, decoding } = settings;
  const nbest = parseNbest(options.nbest);
  parseChunks(options, () => 30); // reports invalid values before anything is opened
  expectOneStdin(...files, options.lm);
  if (!json && (nbest !== undefined || timestamps))
    throw new UserError(
      `${timestamps ? "--timestamps" : "--nbest"} needs --json: plain text has room for one text per file only`,
    );
  if (nbest !== undefined && nbest > (beam ?? 1))
    throw new UserError(`--nbest ${nbest} needs a --beam of at least ${nbest}, the number of hypotheses it follows`);

  const device = await openDevice(adapterOptions(options));
  const recogniser = openRecogniser(device, checkpoint);
  const path = parseDepth(options.depth, recogniser.config);
  const chunks = parseChunks(options, () => fittingChunk(device, recogniser, path));
  const warn = (message: string): void => void (isRoot && process.stderr.write(`warning: ${message}\n`));
  const search = await openSearch(device, settings, recogniser.units, undefined, warn);
  const searching = { ...search.options, decoding, nbest, timestamps, chunks, place: ranks };
  const observer = isRoot ? terminalObserver() : silentObserver;
  const parts = await byEachAlone(ranks, () =>
    withStdinFile(files, async (paths, named, told) => {
      const result = await transcribeFiles(device, recogniser, paths, path, observer, searching);
      return {
        ...result,
        transcripts: result.transcripts.map((one) => ({ ...one, file: named(one.file) })),
        faults: result.faults.map((fault) => ({ message: told(fault.message) })),
        remarks: result.remarks.map(told),
      };
    }),
  ).finally(search.close);
  device.close();
  if (!isRoot) return;
  const { transcripts, faults, remarks, audioSeconds, computingSeconds } = mergeTranscriptions(parts);
  hintDecoder(recogniser.model, settings);

  for (const remark of remarks) process.stderr.write(`warning: ${remark}\n`);
  faults.forEach(printError);
  if (faults.length > 0) process.exitCode = exitCode(faults[0]);
  for (const transcript of transcripts)
    process.stdout.write(json ? `${JSON.stringify(transcript)}\n` : `${transcript.file}\t${transcript.text}\n`);
  if (transcripts.length > 0)
    process.stderr.write(
      `${formatDuration(audioSeconds)} of audio in ${computingSeconds.toFixed(2)} s: real-time factor ${(computingSeconds / audioSeconds).toFixed(3)}\n`,
    );
}
