import type { Device } from "../../engine/device.ts";
import { dryDevice } from "../../engine/dry_device.ts";
import type { DepthSchedule } from "../../model/unfold.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import type { Units } from "../../model/units/units.ts";
import { buildModel } from "../../checkpoint/build_model.ts";
import { hasHead, type Checkpoint } from "../../checkpoint/checkpoint.ts";
import { restoreConfig, type TrainConfig } from "../../config/config.ts";
import { evaluatedPaths, repeatedDecoderLayers, type DepthPath } from "../../config/depths.ts";
import { countParameters, parametersOf, untiedParameters, type ModelSize } from "../../model/parameter_counts.ts";
import { expectTensors } from "../../checkpoint/safetensors/expect_tensors.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { planStep } from "./memory_plan.ts";
import { planInference } from "../../recognition/memory.ts";

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
  /** Null for an encoder without output units. */
  readonly units: number | null;
  readonly unitKind: Units["kind"] | null;
  /** False for an encoder that has only been pretrained; only its own parameters are then counted. */
  readonly hasHead: boolean;
  /** `decoder`: those of an attention decoder, which every depth loads whole; 0 without one. */
  readonly parameters: ModelSize & { readonly decoder: number };
  readonly parameterBytes: number;
  /** Gradients and both moments. */
  readonly optimizerBytes: number;
  /** Length of the single utterance that activations are planned for, and the number of units in its text. */
  readonly seconds: number;
  readonly labels: number;
  readonly depths: readonly DepthInspection[];
}

const SECONDS = 10;
/** About as many characters as are read aloud in that time, and more than subwords: a decoder reads each. */
const LABELS = 150;

/** Input frames in `SECONDS` of audio. */
function framesOf(config: TrainConfig): number {
  const { sampleRate, frameShift } = buildFrontEnd(config);
  return Math.round((SECONDS * sampleRate) / frameShift);
}

/** Counts parameters and predicts memory at each depth, without computing anything. Throws UserError if the checkpoint's tensors do not fit its config. */
export function inspectCheckpoint(device: Device, checkpoint: Checkpoint): Inspection {
  const { path, state } = checkpoint;
  const config = restoreConfig(state.config, path);
  const units = state.units === null ? null : unitsFromJSON(state.units, path);
  const vocabulary = units?.size ?? checkpoint.tensors.get("lm_head.weight")?.shape[0] ?? 2; // without units: an imported model's
  const built = buildModel(dryDevice(device), config, vocabulary, { optimizer: true, blank: units?.blank ?? 0 });
  const {
    model: { scopes },
    parameters,
  } = built;
  const head = hasHead(checkpoint, built);
  expectTensors(
    checkpoint,
    // An exported checkpoint has no loss scale, whatever it was trained in.
    [...parameters.savedShapes].filter(([name]) => name !== "loss_scale" && (head || name.startsWith(scopes.encoder))),
  );
  const all = countParameters(built);
  const counts = head ? all : { ...all, whole: all.encoder };
  const batch = { size: 1, frames: framesOf(config), labels: LABELS };
  const training = (path: DepthPath, checkpointing: boolean): number =>
    planStep(device, { ...config, unfold: { ...config.unfold, checkpointing } }, vocabulary, batch, [path])
      .activationBytes;

  const depths: DepthInspection[] = [];
  for (const path of evaluatedPaths(config)) {
    const { depth, schedule } = path;
    depths.push({
      depth,
      schedule,
      parameters: parametersOf(counts, config.model.blocks, schedule),
      untied: untiedParameters(counts, config.model.blocks, schedule, repeatedDecoderLayers(config, depth)),
      inferenceBytes: planInference(device, config, vocabulary, batch, path).activationBytes,
      trainingBytes: training(path, false),
      checkpointedBytes: training(path, true),
    });
  }
  return {
    path,
    step: state.step,
    bestWer: state.best?.wer ?? null,
    units: units?.size ?? null,
    unitKind: units?.kind ?? null,
    hasHead: head,
    parameters: { whole: counts.whole, encoder: counts.encoder, decoder: head ? counts.decoder : 0 },
    parameterBytes: parameters.bytes,
    optimizerBytes: 3 * parameters.trainedBytes,
    seconds: SECONDS,
    labels: LABELS,
    depths,
  };
}
