// Kills training at random moments (SIGKILL), resumes it until it finishes, and compares it with an uninterrupted run:
// every number in the log, every bit of the checkpoints. Repeats until `--times` kills. Half the moments are drawn from a
// run's duration, including its start; the others come right after a file in the run's folder has changed, so that saving
// is hit as well.
//
//     npm run build && node scripts/kill_test.mjs [--times 20] [--seed 1]
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clearTimeout, setTimeout } from "node:timers";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { hash, uniform } from "../dist/engine/random.js";
import { writeWav } from "../dist/data/audio/wav.js";
import { readLog } from "../dist/train/log/log.js";
import { parseSafetensors } from "../dist/checkpoint/safetensors/safetensors.js";

const { values: options } = parseArgs({
  options: { times: { type: "string", default: "20" }, seed: { type: "string", default: "1" } },
});
const [times, seed] = [Number(options.times), Number(options.seed)];
if (!(Number.isInteger(times) && times > 0 && Number.isInteger(seed))) {
  console.error("usage: node scripts/kill_test.mjs [--times 20] [--seed 1], whole numbers");
  process.exit(2);
}
/** Most kills of one run, which may then finish. */
const MOST_KILLS = 4;
const CHECKPOINTS = ["last", "best", "average"];

const folder = mkdtempSync(join(tmpdir(), "unfold-kill-"));
await writeCorpus();
const whole = await trainOnce("whole", []);
if (whole.code !== 0) fail(`the uninterrupted run failed: ${whole.stderr}`);
let { duration } = whole; // shrinks later on if the machine is less busy
console.log(`a whole run takes ${(duration / 1000).toFixed(1)} s and changes files ${whole.changes} times`);

let kills = 0;
let runs = 0;
while (kills < times) {
  const name = `killed-${++runs}`;
  const moments = [];
  for (;;) {
    const resume = existsSync(join(folder, name, "last.safetensors"));
    const draw = (purpose) => uniform(hash(seed, runs, moments.length), purpose);
    const kill = moments.length < MOST_KILLS && (moments.length === 0 || draw(0) < 0.5);
    const atChange = draw(1) < 0.5;
    const moment = !kill
      ? {}
      : atChange
        ? { change: 1 + Math.floor(draw(2) * whole.changes) }
        : { milliseconds: draw(2) * duration };
    const { code, signal, stderr, duration: took } = await trainOnce(name, resume ? ["--resume"] : [], moment);
    if (signal === "SIGKILL")
      moments.push(atChange ? `change ${moment.change}` : `${(moment.milliseconds / 1000).toFixed(2)} s`);
    else if (code !== 0) fail(`${name}, killed at ${moments.join(", ")}, could not be resumed: ${stderr}`);
    else {
      if (moments.length === 0) duration = Math.min(duration, took);
      break;
    }
  }
  const differences = compare(name);
  if (differences.length > 0)
    fail(`${name}, killed at ${moments.join(", ")}, differs from the uninterrupted run: ${differences.join("; ")}`);
  kills += moments.length;
  console.log(`${runs}: the same after kills at ${moments.join(", ") || "no moment: it finished first"}`);
  rmSync(join(folder, name), { recursive: true });
}
rmSync(folder, { recursive: true });
console.log(`${runs} runs, ${kills} kills: every log and every checkpoint equals the uninterrupted run's`);

function fail(message) {
  console.error(`${message}\nthe runs are in ${folder}`);
  process.exit(1);
}

/** Trains in a separate process until it ends or is killed: after `milliseconds`, or at the `change`-th change of a file. */
async function trainOnce(name, words, { milliseconds, change } = {}) {
  const out = join(folder, name);
  mkdirSync(out, { recursive: true });
  const command = [
    fileURLToPath(new URL("../dist/cli/main.js", import.meta.url)),
    "train",
    join(folder, "config.yaml"),
    "--out",
    out,
    ...words,
  ];
  const child = spawn(process.execPath, command, { stdio: ["ignore", "ignore", "pipe"] });
  const started = performance.now();
  let stderr = "";
  let changes = 0;
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const timer = milliseconds === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), milliseconds);
  const watcher = watch(out, () => ++changes === change && child.kill("SIGKILL"));
  const [code, signal] = await new Promise((resolve) => child.on("close", (...end) => resolve(end)));
  clearTimeout(timer);
  watcher.close();
  return { code, signal, stderr, changes, duration: performance.now() - started };
}

/** What differs from the uninterrupted run, apart from times and sizes. */
function compare(name) {
  const differences = isDeepStrictEqual(course(name), course("whole")) ? [] : ["the log"];
  for (const file of CHECKPOINTS) {
    const [found, expected] = [checkpoint(name, file), checkpoint("whole", file)];
    if (!isDeepStrictEqual(found.state, expected.state)) differences.push(`the state in ${file}.safetensors`);
    if (!found.tensors.equals(expected.tensors)) differences.push(`the tensors of ${file}.safetensors`);
    if (found.beside.step !== found.state.step) differences.push(`${file}.json beside`);
  }
  return differences;
}

/** All records of a log except those that start and end each part of a run. */
function course(name) {
  return readLog(join(folder, name, "log.jsonl"))
    .filter(({ type }) => !["start", "plan", "end"].includes(type))
    .map((record) => {
      if (record.type === "step") return { ...record, seconds: 0, framesPerSecond: 0, dataWaitShare: 0, gpuBytes: 0 };
      return record.type === "result"
        ? { ...record, rows: record.rows.map((row) => ({ ...row, realTimeFactor: 0 })) }
        : record;
    });
}

function checkpoint(name, file) {
  const path = join(folder, name, `${file}.safetensors`);
  const bytes = readFileSync(path);
  const { metadata } = parseSafetensors(bytes, path);
  const header = 8 + Number(bytes.readBigUInt64LE(0));
  const beside = JSON.parse(readFileSync(path.replace("safetensors", "json"), "utf8"));
  return { state: { ...JSON.parse(metadata.unfold), seconds: 0 }, tensors: bytes.subarray(header), beside };
}

/** Six utterances, and a fast config with everything that a resumed run has to repeat. */
async function writeCorpus() {
  const rate = 8000;
  const lines = [];
  for (const [i, text] of ["ab", "ba", "a", "b", "aab", "abb"].entries()) {
    const length = 4000 + 300 * i;
    await writeWav(
      join(folder, `u${i}.wav`),
      Float32Array.from(
        { length },
        (_, n) => 0.3 * Math.sin((2 * Math.PI * (300 + 200 * i) * n) / rate) + 0.05 * Math.sin(n * n),
      ),
      rate,
    );
    lines.push(`${JSON.stringify({ audio_filepath: `u${i}.wav`, text, duration: length / rate })}\n`);
  }
  writeFileSync(join(folder, "train.jsonl"), lines.join(""));
  writeFileSync(join(folder, "dev.jsonl"), lines.slice(0, 2).join(""));
  writeFileSync(
    join(folder, "config.yaml"),
    `data: { train: train.jsonl, dev: dev.jsonl, test: { a: dev.jsonl, b: dev.jsonl }, sample_rate: ${rate}, cache: ${join(folder, "cache")}, workers: 1 }
features: { bins: 10 }
augment: { speed: [0.9, 1, 1.1], volume: { gain_db: [-6, 6], probability: 0.5 } }
spec_augment: { freq_width: 2, time_width: 5 }
batch: { size: 2, accumulate: 2 }
model: { dim: 16, heads: 2, blocks: 1, feed_forward_dim: 16, conv_kernel: 3, conv_norm: batch_norm, subsampling_channels: 4, dropout: 0.1 }
unfold: { depths: [1, 3] }
loss: { middle_depths: 1 }
schedule: { warmup_steps: 2 }
steps: 20
eval: { every_steps: 3 }
early_stop: { patience: 50 }
checkpoint: { every_steps: 4, keep_last: 3, keep_best: 3, average: { of: last } }
log: { every_steps: 3 }
`,
  );
}
