import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWav } from "../../data/audio/wav.ts";
import { LOG_FILE, readLog } from "../../train/log/log.ts";

const RATE = 8000;
const UTTERANCES = 32;
const STEPS = 24;
/** Steps at the beginning, which compile kernels. */
const COLD = 6;

const CONFIG = `data: { train: train.jsonl, dev: dev.jsonl, sample_rate: ${RATE} }
features: { bins: 40 }
spec_augment: null
batch: { size: 8 }
model: { dim: 96, heads: 4, blocks: 4, feed_forward_dim: 384, conv_kernel: 15, dropout: 0 }
unfold: { depths: [2, 4], checkpointing: false }
loss: { middle_depths: 0 }
steps: ${STEPS}
eval: { every_steps: ${STEPS} }
checkpoint: { every_steps: ${STEPS} }
log: { every_steps: 1, tensorboard: false }
`;

/** Two seconds of noise each, all of one length, so that every step costs the same. */
export async function writeCorpus(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const lines: string[] = [];
  for (let i = 0; i < UTTERANCES; i++) {
    const samples = Float32Array.from({ length: 2 * RATE }, (_, n) => 0.2 * Math.sin(n * (0.1 + 0.01 * i)));
    await writeWav(join(folder, `${i}.wav`), samples, RATE);
    lines.push(JSON.stringify({ audio_filepath: `${i}.wav`, text: "abba".slice(i % 3), duration: 2 }));
  }
  writeFileSync(join(folder, "train.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "dev.jsonl"), `${lines[0]}\n`);
  writeFileSync(join(folder, "config.yaml"), CONFIG);
}

export interface MeasuredSteps {
  readonly ranks: number;
  /** Of the fastest step and the median one. */
  readonly leastMs: number;
  readonly medianMs: number;
  /** Medians of the shares of a step that exchanges took, and waiting for the slowest rank. */
  readonly communication: number;
  readonly waiting: number;
}

/** Trains with so many ranks, and reads the times of its steps from the log. */
export function measureSteps(folder: string, ranks: number): MeasuredSteps {
  const out = join(folder, `run-${ranks}`);
  const words = ["dist/cli/main.js", "train", join(folder, "config.yaml"), "--out", out];
  const launcher = ["-n", String(ranks), "--bind-to", "none", process.execPath];
  const { status, stderr } =
    ranks === 1
      ? spawnSync(process.execPath, words, { encoding: "utf8" })
      : spawnSync("mpirun", [...launcher, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  const steps = readLog(join(out, LOG_FILE)).flatMap((record) => (record.type === "step" ? [record] : []));
  const warm = steps.slice(COLD, -1); // the last one ends with an evaluation
  const times = warm.map(({ seconds }, i) => 1000 * (seconds - steps[COLD + i - 1]!.seconds));
  return {
    ranks,
    leastMs: Math.min(...times),
    medianMs: median(times),
    communication: median(warm.map(({ communicationShare = 0 }) => communicationShare)),
    waiting: median(warm.map(({ rankWaitShare = 0 }) => rankWaitShare)),
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
