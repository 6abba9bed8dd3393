import { UserError } from "../../engine/errors.ts";
import { openSafetensors } from "../../checkpoint/safetensors/file.ts";
import { knownLength, readRecording } from "../../data/audio/audio.ts";
import { openRecording } from "../../data/audio/open_recording.ts";
import { readTokenizer } from "../../data/tokenizer/tokenizer_file.ts";
import { readArpa } from "../../recognition/language_model.ts";

/** What a file turned out to be: read, or refused in a sentence. */
export type Verdict = "read" | "refused";

/**
 * Reads an audio file at once, and again in pieces.
 *
 * @throws Error if an error is none for users, or if the two differ by a sample
 */
export async function checkAudio(path: string): Promise<Verdict> {
  const whole = await attempt(path, () => readRecording(path));
  const pieces = await attempt(path, () => readInPieces(path));
  if (whole instanceof UserError || pieces instanceof UserError) {
    if (!(whole instanceof UserError && pieces instanceof UserError && whole.message === pieces.message))
      throw new Error(`at once: ${describe(whole)}; in pieces: ${describe(pieces)}`);
    return "refused";
  }
  const known = knownLength(path, whole.sampleRate);
  const lengths = [whole.samples.length, pieces.samples.length, pieces.length, known ?? pieces.length];
  if (new Set(lengths).size > 1) throw new Error(`lengths differ: ${lengths.join(", ")}`);
  const wrong = whole.samples.findIndex((sample, i) => sample !== pieces.samples[i]);
  if (wrong >= 0) throw new Error(`sample ${wrong} is ${whole.samples[wrong]}, in pieces ${pieces.samples[wrong]}`);
  if (whole.remarks.some((remark) => !isSentence(remark))) throw new Error(`remarks: ${whole.remarks.join(" | ")}`);
  return "read";
}

async function readInPieces(path: string): Promise<{ samples: Float32Array; length: number }> {
  const recording = await openRecording(path);
  try {
    const first = await recording.read(0, 500);
    const length = await recording.length();
    const half = Math.max(500, Math.floor(length / 2));
    const last = await recording.read(half, Infinity);
    const middle = await recording.read(500, half);
    const samples = new Float32Array(first.length + middle.length + last.length);
    samples.set(first);
    samples.set(middle, first.length);
    samples.set(last, first.length + middle.length);
    return { samples, length };
  } finally {
    await recording.close();
  }
}

/** Reads every tensor of a safetensors file. */
export async function checkSafetensors(path: string): Promise<Verdict> {
  const read = await attempt(path, () => {
    const file = openSafetensors(path);
    try {
      for (const { values } of file.tensors.values()) void values.length;
    } finally {
      file.close();
    }
    return Promise.resolve();
  });
  return verdictOf(read);
}

/** Reads a language model and scores a few words. */
export async function checkArpa(path: string): Promise<Verdict> {
  return verdictOf(await attempt(path, () => readArpa(path)));
}

/** Reads a tokenizer, encodes texts and decodes all units. */
export async function checkTokenizer(path: string): Promise<Verdict> {
  const read = await attempt(path, () => {
    const units = readTokenizer(path);
    for (const text of ["one two", "", "ab é \u{1f600}", "<unk>"])
      if (units.unknownIn(text).length === 0) units.decode(units.encode(text));
    for (let unit = 1; unit < units.size; unit++) units.decode([unit]);
    return Promise.resolve(units.toJSON());
  });
  return verdictOf(read);
}

const verdictOf = (read: unknown): Verdict => (read instanceof UserError ? "refused" : "read");

/** @throws what is no UserError, and UserErrors that are no sentence about the file */
async function attempt<Result>(path: string, read: () => Promise<Result>): Promise<Result | UserError> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!error.message.includes(path) || !isSentence(error.message))
      throw new Error(`no sentence about the file: ${JSON.stringify(error.message)}`, { cause: error });
    return error;
  }
}

/** One line, without what only programs say, except where it quotes the file (as all messages do at their end). */
function isSentence(text: string): boolean {
  const own = text
    .replace(/(got '|before |not JSON:|is of type ).*/su, "")
    .replaceAll(/"[^"]*"|'[^']*'|received undefined/gu, "");
  return text.length < 600 && !/[\n\r]/u.test(text) && !/\p{Cc}|\b(undefined|NaN|MPG123|Error:)|\[object/u.test(own);
}

const describe = (result: { samples: Float32Array } | UserError): string =>
  result instanceof UserError ? result.message : `${result.samples.length} samples`;
