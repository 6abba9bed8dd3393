import type { Device } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { readLater } from "../../engine/transfer.ts";
import { logSoftmax } from "../../kernels/softmax/softmax.ts";
import { forcedAlignment } from "../../model/decode/forced_alignment.ts";
import { greedySearch } from "../../model/decode/greedy.ts";
import { countApplications, unfold } from "../../model/unfold.ts";
import { hasOwnNorms } from "../../config/depths.ts";
import { RunError } from "../../engine/errors.ts";
import { hypothesisText } from "../../recognition/recognise.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import type { DepthResult, Order, Unfolded } from "../protocol.ts";
import { klToDeepest } from "./divergence.ts";
import { deepestOf } from "./model/describe.ts";
import { modelInput } from "./model/input.ts";
import { allPaths } from "./paths.ts";

/**
 * Runs one recording through every depth in one pass, which computes common beginnings of paths once.
 *
 * @param waveform `[samples]` at the front end's rate
 * @throws RunError if the recording is too short to give an output frame, or the model has norms of its own for some depths only
 */
export async function unfoldAll(
  device: Device,
  recogniser: Recogniser,
  waveform: Float32Array,
  order: Order,
): Promise<Unfolded> {
  const { model, config } = recogniser;
  if (hasOwnNorms(config.model))
    throw new RunError("this model has norms for its trained depths only: expected shared");
  const started = performance.now();
  const features = modelInput(recogniser, waveform);
  const schedules = allPaths(order, model.config.blocks, deepestOf(config));
  const tape = new Tape(device, { grad: false });
  try {
    const states: Tensor[] = [];
    const input = tape.upload(features.values, [1, features.frames, features.bins]);
    const { logits, lengths } = model.forward(tape, input, [features.frames], schedules, {
      onState: (_layer, _block, state) => void states.push(state),
    });
    const later = [...logits.map((path) => logSoftmax(tape, path)), ...states].map((x) => readLater(device, x));
    device.recorder.flush();
    const all = (await Promise.all(later)) as Float32Array[];
    const logProbs = all.slice(0, logits.length);
    const frames = lengths[0] as number;
    const norms = all.slice(logits.length).map((state) => rootMeanSquares(state, frames, model.config.dim));
    const nodes = applicationsOf(schedules);
    const deepest = logProbs.at(-1) as Float32Array;
    const depths = schedules.map((schedule, path): DepthResult => {
      const posteriors = logProbs[path] as Float32Array;
      if (model.decoder) forbidEnd(posteriors, model.decoder.sentenceEnd, model.config.vocabulary);
      const { labels, text } = decode(posteriors, recogniser);
      const { vocabulary, blank } = model.config;
      return {
        depth: schedule.length,
        schedule,
        logProbs: posteriors,
        text,
        spans: forcedAlignment(posteriors, vocabulary, labels, { blank })?.spans ?? [],
        kl: klToDeepest(deepest, posteriors, frames),
        norms: joined((nodes[path] as number[]).map((node) => norms[node] as Float32Array)),
      };
    });
    const milliseconds = performance.now() - started;
    return { order, frames, depths, applications: countApplications(schedules), milliseconds };
  } finally {
    tape.end();
  }
}

function decode(logProbs: Float32Array, { model, units }: Recogniser): { labels: Int32Array; text: string } {
  const { vocabulary, blank } = model.config;
  const { labels } = greedySearch(logProbs, vocabulary, { blank });
  return { labels, text: hypothesisText(labels, units) };
}

/** CTC never learns to say the class that ends a decoder's sentences. */
function forbidEnd(logProbs: Float32Array, end: number, vocabulary: number): void {
  for (let i = end; i < logProbs.length; i += vocabulary) logProbs[i] = -Infinity;
}

/** The applications that each schedule consists of, numbered in the order in which `unfold` makes them. */
function applicationsOf(schedules: readonly (readonly number[])[]): number[][] {
  let made = 0;
  return unfold<number[]>([], schedules, (nodes) => [...nodes, made++]);
}

/** Of each frame of a state `[frames, dim]`. */
const rootMeanSquares = (state: Float32Array, frames: number, dim: number): Float32Array =>
  Float32Array.from({ length: frames }, (_, frame) => {
    let sum = 0;
    for (let i = frame * dim; i < (frame + 1) * dim; i++) sum += (state[i] as number) ** 2;
    return Math.sqrt(sum / dim);
  });

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
