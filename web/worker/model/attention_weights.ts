import type { Device } from "../../../engine/device.ts";
import { RunError } from "../../../engine/errors.ts";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { readLater } from "../../../engine/transfer.ts";
import { attention } from "../../../kernels/attention/attention.ts";
import { slice } from "../../../kernels/shaping/shaping.ts";
import type { Recogniser } from "../../../recognition/recogniser.ts";
import type { AttentionQuestion, AttentionReport } from "../../protocol.ts";
import { modelInput } from "./input.ts";

/**
 * The weights of one head in one layer, which the attention kernel itself does not store: they are its output where the values are
 * those of an identity matrix. So it runs again on the layer's own queries, keys and positions, with as many columns of that matrix at a
 * time as a head is wide.
 */
export async function attentionWeights(
  device: Device,
  recogniser: Recogniser,
  { waveform, schedule, layer, head, labels }: AttentionQuestion,
): Promise<AttentionReport> {
  const { model, config } = recogniser;
  const { decoder } = model;
  if (labels && !decoder) throw new RunError("this model has no attention decoder");
  const heads = labels && decoder ? decoder.config.heads : config.model.heads;
  // Every block of an encoder attends once, every block of a decoder to its tokens first and then to the encoder.
  const path = labels ? schedule : schedule.slice(0, layer + 1);
  const wanted = labels ? path.length + 2 * layer + 1 : layer;
  const features = modelInput(recogniser, waveform);
  const tape = new ProbingTape(device, { wanted, heads, head });
  try {
    const input = tape.upload(features.values, [1, features.frames, features.bins]);
    const read = labels && decoder && Int32Array.of(decoder.sentenceEnd, ...labels);
    const tokens = read && tape.upload(read, [1, read.length]);
    model.forward(tape, input, [features.frames], [path], { tokens });
    device.recorder.flush();
    return await tape.report();
  } finally {
    tape.end();
  }
}

interface Probe {
  /** Which use of attention, counted from 0. */
  readonly wanted: number;
  readonly heads: number;
  readonly head: number;
}

/** A tape that asks one use of attention for its weights, as it passes by. */
class ProbingTape extends Tape {
  readonly #probe: Probe;
  #uses = 0;
  #parts: Promise<Float32Array>[] = [];
  #size = { rows: 0, frames: 0, width: 1 };

  constructor(device: Device, probe: Probe) {
    super(device, { grad: false });
    this.#probe = probe;
  }

  override record(...args: Parameters<Tape["record"]>): Tensor {
    const [name, inputs] = args;
    const result = super.record(...args);
    if (name === "attention" && this.#uses++ === this.#probe.wanted) this.#ask(inputs);
    return result;
  }

  /** Row by row, the columns that each pass gave. */
  async report(): Promise<AttentionReport> {
    const { rows, frames, width } = this.#size;
    const weights = new Float32Array(rows * frames);
    for (const [pass, values] of (await Promise.all(this.#parts)).entries())
      for (let row = 0; row < rows; row++)
        weights.set(
          values.subarray(row * width, row * width + Math.min(width, frames - pass * width)),
          row * frames + pass * width,
        );
    return { weights, rows, frames };
  }

  /** @param inputs of `attention`: queries, keys, values and, with relative positions, those and their two biases */
  #ask(inputs: readonly Tensor[]): void {
    const [q, k, , positions, contentBias, positionBias] = inputs as [
      Tensor,
      Tensor,
      Tensor,
      Tensor?,
      Tensor?,
      Tensor?,
    ];
    const { heads, head } = this.#probe;
    const [rows, frames, dim] = [q.shape[1], k.shape[1], q.shape[2]] as [number, number, number];
    const width = dim / heads;
    this.#size = { rows, frames, width };
    const relative = positions && contentBias && positionBias && { positions, contentBias, positionBias };
    for (let first = 0; first < frames; first += width) {
      const value = this.upload(columnsOfIdentity(frames, dim, first, head * width, width), [1, frames, dim]);
      const mixed = attention(this, q, k, value, { heads, ...(relative && { relative }) });
      const ours = slice(this, mixed, [0, 0, head * width], [1, rows, (head + 1) * width]);
      this.#parts.push(readLater(this.device, ours) as Promise<Float32Array>);
    }
  }
}

/** `[frames, dim]` with columns `first` to `first + width - 1` of an identity matrix from column `at` on, and zeros. */
function columnsOfIdentity(frames: number, dim: number, first: number, at: number, width: number): Float32Array {
  const values = new Float32Array(frames * dim);
  for (let i = 0; i < width && first + i < frames; i++) values[(first + i) * dim + at + i] = 1;
  return values;
}
