// Makes a corpus of digit strings out of the single digits of the Free Spoken Digit Dataset (FSDD): see README.md.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

const USAGE = `usage: node examples/fsdd/prepare.mjs FSDD_CLONE OUT

  FSDD_CLONE  a clone of github.com/Jakobovski/free-spoken-digit-dataset, with its folder "recordings"
  OUT         a new or empty folder for the audio, train.jsonl, dev.jsonl, test.jsonl and test_unseen.jsonl
`;

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const SPEAKERS = ["george", "jackson", "lucas", "nicolas", "yweweler", "theo"];
const UNSEEN_SPEAKER = "theo";
const PARTITIONS = ["train", "dev", "test", "test_unseen"];
const RECORDING = new RegExp(`^(?<digit>\\d)_(?<speaker>${SPEAKERS.join("|")})_(?<index>[1-4]?\\d)\\.wav$`);
const RECORDINGS_IN_ALL = SPEAKERS.length * WORDS.length * 50;

const RATE = 8000;
const samplesIn = (ms) => Math.round((ms / 1000) * RATE);
const FADE = samplesIn(5);
const FRAME = samplesIn(10);
const LONGEST_STRING = 7;
const LOUDEST_NOISE = 20 / 32768;

// Every draw is keyed by what it is for, so the corpus does not depend on the order in which a folder lists its files.
const SEED = 1;
const DRAW = { order: 0, length: 1, pause: 2, noise: 3 };

/** What the build made of a source file. */
async function built(path) {
  return import(`../../dist/${path}`).catch((error) => {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    process.stderr.write("prepare: unfold is not built yet, run `npm ci && npm run build` first\n");
    process.exit(2);
  });
}

const { UserError } = await built("engine/errors.js");
const { hash, normal, uniform } = await built("engine/random.js");
const { readAudio } = await built("data/audio/audio.js");
const { writeWav } = await built("data/audio/wav.js");

async function main(clone, out) {
  const recordings = await listRecordings(join(clone, "recordings"));
  await expectEmpty(out);
  // All strings before the first file, so that a bad recording does not leave half a corpus behind.
  const strings = [];
  for (const partition of PARTITIONS) {
    for (const speaker of SPEAKERS) strings.push(...(await makeStrings(recordings, partition, speaker)));
  }
  for (const speaker of SPEAKERS) await mkdir(join(out, "audio", speaker), { recursive: true });
  for (const { samples, line } of strings) await writeWav(join(out, line.audio_filepath), samples, RATE);
  for (const partition of PARTITIONS) {
    const lines = strings.filter((string) => string.partition === partition).map(({ line }) => line);
    await writeFile(join(out, `${partition}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    process.stdout.write(`${partition}: ${summary(lines)}\n`);
  }
}

/** The folder's recordings, each with its partition: a speaker kept for the last test, or FSDD's own split by index. */
async function listRecordings(folder) {
  const names = await readdir(folder).catch((error) => {
    throw new UserError(`${folder} cannot be read (${error.code}), expected FSDD's recordings there`);
  });
  const recordings = names.flatMap((name) => {
    const { digit, speaker, index } = RECORDING.exec(name)?.groups ?? {};
    return digit
      ? [
          {
            name,
            path: join(folder, name),
            digit: Number(digit),
            speaker,
            index: Number(index),
            partition: partitionOf(speaker, Number(index)),
          },
        ]
      : [];
  });
  for (const partition of PARTITIONS) {
    if (!recordings.some((recording) => recording.partition === partition)) {
      throw new UserError(
        `${folder} has no recording for ${partition}, expected WAV files of FSDD such as 7_jackson_32.wav`,
      );
    }
  }
  if (recordings.length < RECORDINGS_IN_ALL) {
    process.stderr.write(
      `prepare: warning: ${folder} has ${recordings.length} of FSDD's ${RECORDINGS_IN_ALL} recordings\n`,
    );
  }
  return recordings;
}

function partitionOf(speaker, index) {
  if (speaker === UNSEEN_SPEAKER) return "test_unseen";
  return index < 5 ? "test" : index < 10 ? "dev" : "train";
}

async function expectEmpty(folder) {
  const present = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw new UserError(`${folder} cannot be used (${error.code}), name a new or empty folder`);
  });
  if (present.length > 0) throw new UserError(`${folder} is not empty and was left alone, name a new or empty folder`);
}

/** Shuffles a speaker's recordings of a partition and cuts the row into strings of one to seven; the last is what is left. */
async function makeStrings(recordings, partition, speaker) {
  const key = [PARTITIONS.indexOf(partition), SPEAKERS.indexOf(speaker)];
  const row = recordings
    .filter((recording) => recording.partition === partition && recording.speaker === speaker)
    .map((recording) => ({ ...recording, order: hash(SEED, DRAW.order, ...key, recording.digit, recording.index) }))
    .sort((a, b) => a.order - b.order);
  const strings = [];
  for (let start = 0; start < row.length;) {
    const number = strings.length;
    const end = start + 1 + Math.floor(LONGEST_STRING * uniform(SEED, DRAW.length, ...key, number));
    const digits = await Promise.all(row.slice(start, end).map(readDigit));
    const { samples, segments } = joinDigits(digits, [...key, number]);
    const audio_filepath = `audio/${speaker}/${speaker}_${partition}_${String(number).padStart(4, "0")}.wav`;
    const text = digits.map(({ word }) => word).join(" ");
    strings.push({
      partition,
      samples,
      line: { audio_filepath, duration: samples.length / RATE, text, speaker, segments },
    });
    start = end;
  }
  return strings;
}

/** A recording without its mean and faded at both ends, and how loud its quiet parts are. */
async function readDigit({ path, name, digit }) {
  const { samples, originalRate } = await readAudio(path, RATE);
  if (originalRate !== RATE)
    throw new UserError(`${path} has ${originalRate} samples a second, expected FSDD's ${RATE}`);
  if (samples.length < FRAME)
    throw new UserError(`${path} has ${samples.length} samples, expected at least ${FRAME} (10 ms)`);
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
  const centred = samples.map((sample) => sample - mean);
  const faded = centred.map((sample, i) => sample * Math.min(1, (i + 0.5) / FADE, (samples.length - i - 0.5) / FADE));
  return { word: WORDS[digit], source: name, samples: faded, noiseFloor: noiseFloor(centred) };
}

/** The RMS of frames of 10 ms that a tenth of them stay below. */
function noiseFloor(samples) {
  const levels = Array.from({ length: Math.floor(samples.length / FRAME) }, (_, frame) => {
    const values = samples.subarray(frame * FRAME, (frame + 1) * FRAME);
    return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / FRAME);
  });
  return levels.sort((a, b) => a - b)[Math.floor(0.1 * (levels.length - 1))];
}

/**
 * Puts digits in a row: 100 to 200 ms of Gaussian noise at the ends, 50 to 250 ms between two of them. Digital silence
 * would tell where a word ends; noise at the quietest recording's own floor is no step to it.
 */
function joinDigits(digits, key) {
  const pauses = Array.from({ length: digits.length + 1 }, (_, i) => {
    const [shortest, longest] = i === 0 || i === digits.length ? [100, 200] : [50, 250];
    return samplesIn(shortest + (longest - shortest) * uniform(SEED, DRAW.pause, ...key, i));
  });
  const level = Math.min(LOUDEST_NOISE, ...digits.map(({ noiseFloor }) => noiseFloor));
  const length = [...pauses, ...digits.map(({ samples }) => samples.length)].reduce((sum, part) => sum + part);
  const samples = new Float32Array(length);
  const segments = [];
  let position = 0;
  for (const [i, pause] of pauses.entries()) {
    for (const end = position + pause; position < end; position++)
      samples[position] = level * normal(SEED, DRAW.noise, ...key, position);
    const digit = digits[i];
    if (!digit) break; // after the last pause
    samples.set(digit.samples, position);
    segments.push({
      word: digit.word,
      offset: position / RATE,
      duration: digit.samples.length / RATE,
      source: digit.source,
    });
    position += digit.samples.length;
  }
  return { samples, segments };
}

function summary(lines) {
  const digits = lines.reduce((sum, { segments }) => sum + segments.length, 0);
  const hours = lines.reduce((sum, { duration }) => sum + duration, 0) / 3600;
  return `${lines.length} strings, ${digits} digits, ${hours.toFixed(3)} h`;
}

const words = process.argv.slice(2);
if (words.includes("--help") || words.includes("-h")) {
  process.stdout.write(USAGE);
} else if (words.length !== 2) {
  process.stderr.write(
    `prepare: expected two folders, got ${words.length} argument${words.length === 1 ? "" : "s"}\n\n${USAGE}`,
  );
  process.exitCode = 2;
} else {
  await main(...words).catch((error) => {
    process.stderr.write(`prepare: ${error.message}\n`);
    process.exitCode = error instanceof UserError ? 2 : 1;
  });
}
