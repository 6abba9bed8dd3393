import type { Device } from "../engine/device.ts";
import { Tape } from "../engine/tape.ts";
import { ctcLoss } from "../kernels/ctc_loss/ctc_loss.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { unitsFromJSON } from "../model/units/restore.ts";
import type { Units } from "../model/units/units.ts";
import { buildModel } from "./build_model.ts";
import { restoreParameters, type Checkpoint } from "./checkpoint.ts";
import { restoreConfig } from "./config.ts";
import { countParameters, evaluatedPaths, parametersOf, untiedParameters, type ModelSize } from "./depths.ts";

export interface DepthInspection {
  readonly depth: number;
  readonly schedule: DepthSchedule;
  readonly parameters: ModelSize;
  /** Of a model of this depth whose layers share nothing. */
  readonly untied: ModelSize;
  /** Bytes that a forward pass needs besides the parameters, for `seconds` of audio. */
  readonly inferenceBytes: number;
  /** The same for a training step, activations kept. */
  readonly trainingBytes: number;
  /** The same with each block application recomputed. */
  readonly checkpointedBytes: number;
}

export interface Inspection {
  readonly path: string;
  readonly step: number;
  readonly bestWer: number | null;
  readonly units: number;
  readonly unitKind: Units["kind"];
  readonly parameters: ModelSize;
  readonly parameterBytes: number;
  /** Gradients and both moments. */
  readonly optimizerBytes: number;
  /** Length of the audio that activations are measured with, one utterance. */
  readonly seconds: number;
  readonly depths: readonly DepthInspection[];
}

const SECONDS = 10;

/** Counts parameters and measures memory by running the checkpoint's model once at each depth. Throws UserError if its tensors do not fit its config. */
export async function inspectCheckpoint(device: Device, checkpoint: Checkpoint): Promise<Inspection> {
  const { path, state } = checkpoint;
  const config = restoreConfig(state.config, path);
  const units = unitsFromJSON(state.units, path);
  const { model, parameters } = buildModel(device, config, units.size, { optimizer: true });
  restoreParameters(checkpoint, parameters, { moments: false });
  const counts = countParameters(parameters);
  const frames = Math.round((SECONDS * 1000) / config.features.frameShiftMs);

  const measure = async (schedule: DepthSchedule, grad: boolean, checkpointing: boolean): Promise<number> => {
    await device.finish();
    device.pool.resetPeak();
    const before = device.pool.statistics.liveBytes;
    const tape = new Tape(device, { grad });
    const features = tape.upload(new Float32Array(frames * config.features.bins), [1, frames, config.features.bins]);
    const { logits, deviceLengths } = model.forward(tape, features, [frames], [schedule], { checkpointing });
    if (grad) {
      const target = tape.upload(Int32Array.of(1), [1, 1]);
      tape.backward(ctcLoss(tape, logits[0] as (typeof logits)[number], target, deviceLengths, tape.upload(Int32Array.of(1), [1]), { reduction: "batch" }));
    }
    tape.end();
    await device.finish();
    return device.pool.statistics.peakBytes - before;
  };

  const depths: DepthInspection[] = [];
  for (const { depth, schedule } of evaluatedPaths(config))
    depths.push({
      depth,
      schedule,
      parameters: parametersOf(counts, config.model.blocks, schedule),
      untied: untiedParameters(counts, config.model.blocks, schedule),
      inferenceBytes: await measure(schedule, false, false),
      trainingBytes: await measure(schedule, true, false),
      checkpointedBytes: await measure(schedule, true, true),
    });
  return {
    path,
    step: state.step,
    bestWer: state.best?.wer ?? null,
    units: units.size,
    unitKind: units.kind,
    parameters: { whole: counts.whole, encoder: counts.encoder },
    parameterBytes: parameters.bytes,
    optimizerBytes: 3 * parameters.bytes,
    seconds: SECONDS,
    depths,
  };
}
