import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
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
  const { model, parameters, config, cmvn } = openRecogniser(device, checkpoint);
  const { inputDim, vocabulary } = model.config;
  const batch = padBatch(
    utterances.map((features) => ({
      frames: features.frames,
      features: applyCmvn(cmvn as Cmvn, features).values,
      labels: Int32Array.of(),
    })),
    inputDim,
  );
  const tape = new Tape(device, { grad: false });
  const {
    logits: [logits],
    lengths,
  } = model.forward(
    tape,
    tape.upload(batch.features, [batch.size, batch.frames, inputDim]),
    [...batch.lengths],
    [scheduleOf(config, depth)],
  );
  const values = (await read(device, logSoftmax(tape, logits!))) as Float32Array;
  tape.end();
  parameters.release();
  const [, frames] = logits!.shape as [number, number, number];
  return lengths.map((length, row) => values.slice(row * frames * vocabulary, (row * frames + length) * vocabulary));
}
