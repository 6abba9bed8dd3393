import { join } from "node:path";
import type { Device } from "../engine/device.ts";
import type { FloatType } from "../engine/tensor.ts";
import { loadCheckpoint, type OpenCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { restoreParameters, type CheckpointState } from "../checkpoint/checkpoint.ts";
import { expectStart, startFrom } from "../checkpoint/initial_weights.ts";
import { originOf } from "../checkpoint/load_config.ts";
import { buildModel, type BuiltModel } from "../checkpoint/build_model.ts";
import { restoreConfig, type TrainConfig } from "../config/config.ts";
import { activationType } from "../engine/precision.ts";
import { batchLimits, BucketSampler, paddingWarnings } from "../data/batches/sampler.ts";
import { TrainingBatches } from "../data/batches/training_batches.ts";
import { continuedCheckpointing } from "./memory/choose_checkpointing.ts";
import { checkMemory, plannedData } from "./memory/memory_check.ts";
import type { PlanRecord } from "./log/log_records.ts";
import {
  changeWarnings,
  configChanges,
  dataChanges,
  rankChanges,
  samplerStart,
  type Change,
} from "./run/config_difference.ts";
import { LAST_FILE } from "./run/kept_checkpoints.ts";
import type { Sharing } from "../data/batches/share.ts";
import type { Communicator } from "./parallel/communicator.ts";
import type { Watched } from "./parallel/watched.ts";
import type { RunObserver } from "./run/run_observer.ts";
import { lengthOf, type RunLength } from "./run_length.ts";
import { loadRunData, unlessAborted, type RunData } from "./run_data.ts";

export interface StartOptions {
  /** Where checkpoints, log and report go. */
  readonly folder: string;
  /** Go on from `last.safetensors` in the folder. */
  readonly resume: boolean;
  /** Resume even with another config or other data, as far as the model's shape allows it. */
  readonly force?: boolean;
  /** When aborted, the run saves what it has after the step at hand and ends. */
  readonly signal: AbortSignal;
  readonly observer: RunObserver;
  /** The processes that train it together; by default this one alone. */
  readonly ranks?: Watched | undefined;
}

/** A run that is ready for its next step. */
export interface StartedRun {
  /** With all that was left to the run decided. */
  readonly config: TrainConfig;
  readonly data: RunData;
  readonly built: BuiltModel;
  /** Type of the tape's activations. */
  readonly activation: FloatType;
  readonly batches: TrainingBatches;
  /** State of the checkpoint that the run goes on from; undefined of a new one. */
  readonly resumed: CheckpointState | undefined;
  /** What an export in Hugging Face's layout needs, of a run that began with such a model. */
  readonly huggingFace: CheckpointState["huggingFace"];
  readonly length: RunLength;
  /** The memory plan, for the log; undefined where no batch fits the device. */
  readonly plan: PlanRecord | undefined;
  readonly warnings: readonly string[];
}

/**
 * Reads a run's data, checks that its largest batches fit, builds the model and gives it its weights: drawn anew, those of the
 * checkpoint that `init` names, or those that the run goes on from.
 *
 * @returns undefined when the signal stops it while audio is read; nothing has been written then
 * @throws UserError before anything in the folder changes
 */
export async function startRun(
  device: Device,
  given: TrainConfig,
  { folder, observer, signal, resume, force = false, ranks }: StartOptions,
): Promise<StartedRun | undefined> {
  const resumed = resume ? loadCheckpoint(join(folder, LAST_FILE)) : undefined;
  try {
    let config = resumed ? continuedCheckpointing(given, restoreConfig(resumed.state.config, resumed.path)) : given;
    const changes = resumed ? configChanges(config, resumed, { force }) : [];
    if (!resumed) expectStart(config);

    // Data: every audio file read once, for normalised features (of waveforms: the samples) and labels.
    const data = await unlessAborted(
      signal,
      loadRunData(device, config, { origin: originOf(config, resumed), observer, signal }),
    );
    if (!data) return undefined;
    try {
      if (resumed) changes.push(...dataChanges(data.digest, resumed, { force }));
      if (resumed) changes.push(...rankChanges(ranks?.size ?? 1, config.batch, resumed, { force }));

      // Memory of the largest batches, before anything is trained.
      const memory = checkMemory(device, config, plannedData(config, data), observer.message);
      ({ config } = memory);

      // Model: parameters in flat buffers, then their values.
      const { activation, warning } = activationType(device, config.precision);
      const built = buildModel(device, config, data.units.size, {
        optimizer: true,
        half: activation === "f16",
        blank: data.units.blank,
        restored: resumed !== undefined || config.init !== null,
      });
      const huggingFace = fillModel(built, config, data, resumed, observer);

      const sampler = samplerOf(data, config, resumed, changes, ranks?.size ?? 1);
      const batches = new TrainingBatches(data.augmented, sampler, config, built.model, sharingOf(ranks, config));
      return {
        config,
        data,
        built,
        activation,
        batches,
        resumed: resumed?.state,
        huggingFace,
        length: lengthOf(config, sampler.batches(0).length),
        plan: memory.record,
        warnings: [
          ...changeWarnings(changes),
          ...data.warnings,
          ...paddingWarnings(sampler.paddingShare(0)),
          ...memory.warnings,
          ...(warning === undefined ? [] : [warning]),
        ],
      };
    } catch (error) {
      data.close();
      throw error;
    }
  } finally {
    resumed?.close();
  }
}

/** Gives a model the weights of the checkpoint at hand, if there is one, and returns what it keeps of Hugging Face's files. */
function fillModel(
  built: BuiltModel,
  { init, seed }: TrainConfig,
  { units }: RunData,
  resumed: OpenCheckpoint | undefined,
  observer: RunObserver,
): CheckpointState["huggingFace"] {
  if (resumed) {
    restoreParameters(resumed, built.parameters, { moments: true });
    return resumed.state.huggingFace;
  }
  if (init === null) return undefined;
  const { messages, state } = startFrom(init, built, units, seed);
  for (const message of messages) observer.message(message);
  return state.huggingFace;
}

function samplerOf(
  { augmented }: RunData,
  { batch, seed }: TrainConfig,
  resumed: OpenCheckpoint | undefined,
  changes: readonly Change[],
  ranks: number,
): BucketSampler {
  const start = resumed && samplerStart(resumed, changes);
  return new BucketSampler((epoch) => augmented.lengths(epoch), batchLimits(batch, ranks), seed, start);
}

/** How ranks share a run's batches; undefined for a process that trains alone. */
export const sharingOf = (
  ranks: Communicator | undefined,
  { batch: { accumulate } }: { readonly batch: { readonly accumulate: number } },
): Sharing | undefined =>
  ranks && ranks.size > 1 ? { rank: ranks.rank, size: ranks.size, parts: accumulate } : undefined;
