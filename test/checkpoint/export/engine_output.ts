import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { read } from "../../../engine/transfer.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { applyCmvn, type Cmvn } from "../../../model/features/cmvn.ts";
import type { Features } from "../../../model/features/fbank.ts";
import { scheduleOf } from "../../../config/depths.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import { padBatch } from "../../../data/batches/batch.ts";

/** The engine's log-probabilities of a batch of utterances (features not normalised) at one depth of a checkpoint, `[frames · classes]` each, padding cut off. */
export async function engineOutput(
  device: Device,
  checkpoint: string,
  depth: number,
  utterances: readonly Features[],
): Promise<Float32Array[]> {
  return (await forward(device, checkpoint, depth, utterances)).ctc;
}

/** The same, and what a hybrid's decoder says of every token of one prefix for each utterance, `[tokens · classes]` each. */
export async function hybridOutput(
  device: Device,
  checkpoint: string,
  depth: number,
  utterances: readonly Features[],
  prefixes: readonly (readonly number[])[],
): Promise<{ ctc: Float32Array[]; decoder: Float32Array[] }> {
  return forward(device, checkpoint, depth, utterances, prefixes);
}

async function forward(
  device: Device,
  checkpoint: string,
  depth: number,
  utterances: readonly Features[],
  prefixes: readonly (readonly number[])[] = [],
) {
  const { model, parameters, config, cmvn } = openRecogniser(device, checkpoint);
  const { inputDim } = model.config;
  const batch = padBatch(
    utterances.map((features) => ({
      frames: features.frames,
      features: applyCmvn(cmvn as Cmvn, features).values,
      labels: Int32Array.of(),
    })),
    inputDim,
  );
  const tape = new Tape(device, { grad: false });
  const longest = Math.max(0, ...prefixes.map(({ length }) => length));
  const padded = prefixes.flatMap((prefix) => [...prefix, ...new Array<number>(longest - prefix.length).fill(0)]);
  const tokens = longest > 0 ? tape.upload(Int32Array.from(padded), [prefixes.length, longest]) : undefined;
  const { logits, decoded, lengths } = model.forward(
    tape,
    tape.upload(batch.features, [batch.size, batch.frames, inputDim]),
    [...batch.lengths],
    [scheduleOf(config, depth)],
    { tokens },
  );
  const ctc = await rows(device, tape, logits[0]!, lengths);
  const said = prefixes.map(({ length }) => length);
  const decoder = decoded ? await rows(device, tape, decoded[0]!, said) : [];
  tape.end();
  parameters.release();
  return { ctc, decoder };
}

/** Log-probabilities of the first places of each row of logits `[rows, places, classes]`. */
async function rows(device: Device, tape: Tape, logits: Tensor, lengths: readonly number[]): Promise<Float32Array[]> {
  const values = (await read(device, logSoftmax(tape, logits))) as Float32Array;
  const [, places, classes] = logits.shape as [number, number, number];
  return lengths.map((length, row) => values.slice(row * places * classes, (row * places + length) * classes));
}
