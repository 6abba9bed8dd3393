import { writeFileSync } from "node:fs";
import path from "node:path";
import { uniform } from "../../engine/random.ts";
import { formatUtterance } from "../../recognition/evaluation/alignment_text.ts";
import { plainConfig } from "../../config/config.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { align } from "../../recognition/evaluation/error_rate.ts";
import type { PerDepth } from "../../checkpoint/state.ts";
import { openLog, type PlanRecord, type ResultRow } from "../../train/log/log.ts";

/*
 * A run's folder as training leaves it, with made-up numbers of the usual course: losses that fall and jitter, deeper
 * paths better than the seed.
 */

export const STEPS = 4200;
const DEPTHS = [2, 4, 6];
const PER_EPOCH = 70;
const CONFIG = `seed: 7
data: {train: train.jsonl, dev: dev.jsonl, test: {test: test.jsonl, test_unseen: test_unseen.jsonl}, sample_rate: 8000}
features: {bins: 40}
model: {dim: 96, heads: 4, feed_forward_dim: 384, conv_kernel: 15, blocks: 2, subsampling_channels: 16}
unfold: {depths: [2, 4, 6]}
optimizer: {learning_rate: 2e-3}
`;

const MIB = 2 ** 20;
const memory = (held: number, activations: number) => ({
  activationBytes: activations * MIB,
  totalBytes: (held + activations) * MIB,
});
const PLAN: PlanRecord = {
  type: "plan",
  batch: { size: 16, frames: 400, labels: 30 },
  parameterBytes: 2 * MIB,
  optimizerBytes: 6 * MIB,
  joint: { depths: [6, 2], ...memory(8, 112) },
  depths: DEPTHS.map((depth) => ({
    depth,
    training: memory(8, 20 + 14 * depth),
    inference: memory(2, 14 + depth / 2),
  })),
  evaluation: { batch: { size: 16, frames: 300, labels: 1 }, depths: DEPTHS, ...memory(8, 13) },
  limit: { bytes: 23 * 1024 * MIB, source: "free memory of this machine" },
};

export function writeSampleRun(folder: string): void {
  writeFileSync(path.join(folder, "config.yaml"), CONFIG);
  const log = openLog(path.join(folder, "log.jsonl"));
  log.append({
    type: "start",
    time: "2025-03-01T09:30:00.000Z",
    adapter: "llvmpipe (LLVM 19.1.7, 256 bits)",
    config: plainConfig(loadConfig(path.join(folder, "config.yaml"))),
    parameters: { whole: 452_876, encoder: 450_160 },
  });
  log.append(PLAN);
  log.append({
    type: "warning",
    message: "train.jsonl: 2 of 2500 utterances are too short for their text: theo_7_31, kal_0_12",
  });
  for (let step = 10; step <= STEPS; step += 10) {
    const jitter = (what: number) => 1 + 0.35 * (uniform(step, what) - 0.5);
    const course = 42 * Math.exp(-step / 420) + 0.9 * Math.exp(-step / 2500) + 0.05;
    const ctc: PerDepth = { 2: course * 1.35 * jitter(1), 4: course * 1.1 * jitter(1), 6: course * jitter(1) };
    const learningRate =
      step < 200 ? (2e-3 * step) / 200 : 1e-3 * (1 + Math.cos((Math.PI * (step - 200)) / (STEPS - 200)));
    log.append({
      type: "step",
      step,
      epoch: Math.floor((step - 1) / PER_EPOCH),
      ctc,
      kl: (0.18 * Math.exp(-((step / 500 - 1) ** 2)) + 0.02) * jitter(2),
      loss: ctc["6"]! + 0.25 * ctc["2"]! + 0.03,
      learningRate,
      gradNorm: (9 * Math.exp(-step / 900) + 1.2) * jitter(3),
      framesPerSecond: 5200 * (1 + 0.1 * (uniform(step, 4) - 0.5)),
      dataWaitShare: 0.01,
      gpuBytes: 326_107_136,
      skipped: 2,
      seconds: step * 0.82,
    });
    if (step % (PER_EPOCH * 2) === 0)
      log.append({
        type: "dev",
        step,
        epoch: step / PER_EPOCH - 1,
        wer: devRates(step),
        cer: devRates(step),
        blankRatio: blankRatios(step),
        loss: devLosses(step),
      });
  }
  for (const [set, factor] of [
    ["test", 1],
    ["test_unseen", 8.5],
  ] as const) {
    log.append({ type: "result", set, rows: DEPTHS.map((depth) => resultRow(depth, factor)) });
    for (const depth of DEPTHS)
      writeFileSync(path.join(folder, `alignments-${set}-${depth}.txt`), alignments(set, depth));
  }
  log.append({ type: "end", reason: "finished" });
  log.close();
}

function blankRatios(step: number): PerDepth {
  return Object.fromEntries(
    DEPTHS.map((depth) => [depth, 0.78 + 0.2 * Math.exp(-step / 600) + 0.01 * depth * uniform(step, depth, 1)]),
  );
}

/** Falls, and rises again. */
function devLosses(step: number): PerDepth {
  return Object.fromEntries(DEPTHS.map((depth) => [depth, (40 - depth) * Math.exp(-step / 420) + 1.5 + step / 2000]));
}

function devRates(step: number): PerDepth {
  const rate = (depth: number) =>
    Math.min(
      1,
      (1.1 - 0.02 * depth) * Math.exp(-step / (760 - 25 * depth)) +
        0.046 -
        0.005 * depth +
        0.012 * uniform(step, depth),
    );
  return Object.fromEntries(DEPTHS.map((depth) => [depth, rate(depth)]));
}

function resultRow(depth: number, factor: number): ResultRow {
  const errors = Math.round((56 - 6 * depth) * factor);
  const untied = { whole: 452_876 + (depth - 2) * 196_000, encoder: 450_160 + (depth - 2) * 196_000 };
  return {
    depth,
    wer: errors / 2000,
    cer: errors / 3100,
    substitutions: Math.round(errors * 0.7),
    deletions: Math.round(errors * 0.2),
    insertions: Math.round(errors * 0.1),
    words: 2000,
    parameters: 452_876,
    encoderParameters: 450_160,
    untied,
    realTimeFactor: 0.011 * depth + 0.004,
  };
}

function alignments(set: string, depth: number): string {
  const pairs: [string, string, string][] = [
    [
      `${set}_george_017`,
      "seven three nine one five",
      depth < 4
        ? "seven three five one five one"
        : depth < 6
          ? "seven three five one five"
          : "seven three nine one five",
    ],
    [`${set}_lucas_004`, "zero eight eight two", depth < 6 ? "zero eight two" : "zero eight eight two"],
    [`${set}_nicolas_121`, "four two zero six", "four two zero six"],
    [`${set}_jackson_<33>`, "nine nine one", depth < 4 ? "five one" : "nine five one"],
  ];
  return pairs.map(([id, ref, hyp]) => formatUtterance(id, align(ref.split(" "), hyp.split(" ")))).join("\n");
}
