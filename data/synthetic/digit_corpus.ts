import { randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../../engine/errors.ts";
import { writeWav } from "../audio/wav.ts";
import { SPLITS, type Split } from "./digit_strings.ts";
import { digitUtterances, type DigitUtterance } from "./digit_utterances.ts";
import { checkOptions, DIGIT_CORPUS_DEFAULTS, type DigitCorpusOptions } from "./options.ts";
import { openSpeakers } from "./threads/speech_threads.ts";
import { makeFolders } from "../../engine/node/make_folders.ts";

/** Incremented whenever the same options would give different files. */
const VERSION = 2;

/** Fewer are not worth starting a thread for. */
const UTTERANCES_PER_THREAD = 100;

const MANIFESTS: Record<Split, string> = {
  train: "train.jsonl",
  dev: "dev.jsonl",
  test: "test.jsonl",
  testUnseen: "test_unseen.jsonl",
};

/**
 * Makes a corpus of spoken digit strings ("four two nine", one to five digits) in `folder`: 16-bit mono WAV files under
 * `wav/` and one JSONL manifest per split, with lines `{ audio_filepath, duration, text, speaker }`, paths relative to
 * the manifest and durations in seconds. No digit string is in two splits. The files depend only on the options, byte
 * for byte.
 *
 * An existing corpus with the same options is reused. A new one (half a minute for the default sizes) is built in a folder
 * `<folder>.partial-...` of this call, which is renamed to `folder` when complete: an interrupted run leaves nothing that looks
 * finished, and of two at once both are right.
 *
 * @param onProgress called after each utterance with the number made and the total; not called on reuse
 * @param threads that speak; by default as many as there are cores, or fewer for few utterances. The files do not depend on it
 * @returns the paths of the four manifests
 * @throws UserError for an invalid option, or if `folder` contains anything but a corpus made here
 */
export async function makeDigitCorpus(
  folder: string,
  options: Partial<DigitCorpusOptions> = {},
  onProgress: (done: number, total: number) => void = () => {},
  threads?: number,
): Promise<Record<Split, string>> {
  const all = { ...DIGIT_CORPUS_DEFAULTS, ...options };
  checkOptions(all);
  const target = resolve(folder);
  const label = corpusLabel(all);
  if (!(await isFinished(target, label, all.sizes))) {
    await refuseForeignFolder(target);
    await removeAbandoned(target);
    const partial = `${target}.partial-${randomUUID().slice(0, 8)}`;
    try {
      await mkdir(join(partial, "wav"), { recursive: true });
      await writeSplits(partial, all, threads ?? threadsFor(all.sizes), onProgress);
      await writeFile(join(partial, "corpus.json"), label);
      try {
        if (!(await isFinished(target, label, all.sizes))) {
          await rm(target, { recursive: true, force: true });
          await rename(partial, target);
        }
      } catch (error) {
        if (!(await isFinished(target, label, all.sizes))) throw error; // another process was faster
      }
    } finally {
      await rm(partial, { recursive: true, force: true, maxRetries: 5 }); // after a failure files may still arrive
    }
  }
  return manifestPaths(target);
}

/** Removes what killed processes left of this corpus: folders that nothing was added to for a day. */
async function removeAbandoned(target: string): Promise<void> {
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(`${basename(target)}.partial`)) continue;
    const folder = join(dirname(target), name);
    const added = await stat(join(folder, "wav"))
      .catch(() => stat(folder))
      .catch(() => undefined);
    if (added && Date.now() - added.mtimeMs > 86_400_000) await rm(folder, { recursive: true, force: true });
  }
}

async function writeSplits(
  folder: string,
  options: DigitCorpusOptions,
  threads: number,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const total = countUtterances(options.sizes);
  let done = 0;
  const speakers = await openSpeakers(threads);
  try {
    for (const split of SPLITS) {
      const lines: string[] = [];
      const write = async (utterance: DigitUtterance, i: number): Promise<void> => {
        const { samples, sampleRate } = await speakers.speak(utterance);
        const file = `wav/${MANIFESTS[split].replace(".jsonl", "")}_${String(i).padStart(4, "0")}.wav`;
        await writeWav(join(folder, file), samples, sampleRate);
        const { words, speaker } = utterance;
        const line = { audio_filepath: file, duration: samples.length / sampleRate, text: words.join(" "), speaker };
        lines[i] = JSON.stringify(line);
        onProgress(++done, total);
      };
      await Promise.all(digitUtterances(split, options).map(write));
      await writeFile(join(folder, MANIFESTS[split]), lines.join("\n") + "\n");
    }
  } finally {
    speakers.close();
  }
}

/** The content of `corpus.json`: the options in a fixed order and the version, so equal corpora have equal labels. */
function corpusLabel({ sizes, heldOutSpeaker, unseenSpeeds, sampleRate, snr, seed }: DigitCorpusOptions): string {
  const ordered = Object.fromEntries(SPLITS.map((split) => [split, sizes[split]]));
  return (
    JSON.stringify(
      { version: VERSION, options: { sizes: ordered, heldOutSpeaker, unseenSpeeds, sampleRate, snr, seed } },
      null,
      2,
    ) + "\n"
  );
}

async function isFinished(folder: string, label: string, sizes: Record<Split, number>): Promise<boolean> {
  try {
    if ((await readFile(join(folder, "corpus.json"), "utf8")) !== label) return false;
    const [present, wavs] = [await readdir(folder), await readdir(join(folder, "wav"))];
    return Object.values(MANIFESTS).every((name) => present.includes(name)) && wavs.length === countUtterances(sizes);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Refuses to replace a folder that is neither empty nor a digit corpus: a user's own recordings are never deleted. */
async function refuseForeignFolder(folder: string): Promise<void> {
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [] as string[];
    throw error.code === "ENOTDIR" ? new UserError(`makeDigitCorpus: ${folder} is a file, expected a folder`) : error;
  });
  if (present.length > 0 && !present.includes("corpus.json"))
    throw new UserError(
      `makeDigitCorpus: ${folder} contains something other than a digit corpus and was left alone; give an empty folder`,
    );
  makeFolders(dirname(folder));
}

const threadsFor = (sizes: Record<Split, number>): number =>
  Math.min(availableParallelism(), Math.ceil(countUtterances(sizes) / UTTERANCES_PER_THREAD));

function countUtterances(sizes: Record<Split, number>): number {
  return SPLITS.reduce((sum, split) => sum + sizes[split], 0);
}

function manifestPaths(folder: string): Record<Split, string> {
  return Object.fromEntries(SPLITS.map((split) => [split, join(folder, MANIFESTS[split])])) as Record<Split, string>;
}
