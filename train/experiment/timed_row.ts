import type { Device } from "../../engine/device.ts";
import { dryDevice } from "../../engine/dry_device.ts";
import { Tape } from "../../engine/tape.ts";
import { buildModel, type BuiltModel } from "../../checkpoint/build_model.ts";
import { restoreParameters, type Checkpoint } from "../../checkpoint/checkpoint.ts";
import { restoreConfig, type TrainConfig } from "../../config/config.ts";
import type { Batch } from "../../data/batches/batch.ts";
import type { BatchItem } from "../../data/item.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { trainingPaths } from "../training_paths.ts";
import { activationType } from "../../engine/precision.ts";
import { recognise } from "../../recognition/recognise.ts";
import { chooseCheckpointing, continuedCheckpointing } from "../memory/choose_checkpointing.ts";
import { memoryLimit } from "../memory/memory_limit.ts";
import { planStep } from "../memory/memory_plan.ts";
import { totalBytes } from "../memory/unless_too_large.ts";
import { StepClock } from "../step_clock.ts";
import { trainingStep, uploadBatch } from "../training_step.ts";
import type { Workload } from "./workload.ts";

/** Bytes of a training step's memory, by what they hold. */
export interface StepMemory {
  readonly parameters: number;
  /** Gradients and both moments. */
  readonly optimizer: number;
  /** The most that a step uses at once beyond those. */
  readonly activations: number;
  readonly total: number;
}

/** A row's model on a device, to measure its steps and its recognition. */
export class TimedRow {
  readonly config: TrainConfig;
  readonly #device: Device;
  readonly #built: BuiltModel;
  readonly #bytes: { parameters: number; optimizer: number };
  #step = 0;

  /** @param checkpoint whose weights to load; without it they are initialised at random */
  constructor(
    device: Device,
    config: TrainConfig,
    { vocabulary, blank, batches, typical }: Pick<Workload, "vocabulary" | "blank" | "batches" | "typical">,
    checkpoint?: Checkpoint,
  ) {
    config = checkpoint
      ? continuedCheckpointing(config, restoreConfig(checkpoint.state.config, checkpoint.path))
      : chooseCheckpointing(config, memoryLimit(device, config.memory.limitGib), (tried) => {
          const { size, frames, maxLabels: labels } = batches.at(-1) ?? typical;
          return totalBytes(() => planStep(device, tried, vocabulary, { size, frames, labels }));
        }).config;
    const { activation } = activationType(device, config.precision);
    const before = device.pool.statistics.liveBytes;
    this.config = config;
    this.#device = device;
    this.#built = buildModel(device, config, vocabulary, { optimizer: true, half: activation === "f16", blank });
    if (checkpoint) restoreParameters(checkpoint, this.#built.parameters, { moments: false });
    const held = device.pool.statistics.liveBytes - before;
    const dry = dryDevice(device);
    buildModel(dry, config, vocabulary, { optimizer: false, half: activation === "f16", blank });
    const parameters = dry.pool.statistics.liveBytes;
    this.#bytes = { parameters, optimizer: held - parameters };
  }

  get paths(): DepthPath[] {
    return evaluatedPaths(this.config);
  }

  /** Seconds per training step, the mean over some batches, submitted as in training. The weights stay unchanged. */
  async stepSeconds(batches: readonly Batch[]): Promise<number> {
    await this.#device.finish();
    const clock = new StepClock(this.#device, 0);
    const start = performance.now();
    for (const batch of batches) {
      this.#encodeStep(batch);
      await clock.submitted(0);
    }
    await this.#device.finish();
    return (performance.now() - start) / 1000 / batches.length;
  }

  /** Seconds to recognise some utterances greedily along one path. */
  async recogniseSeconds(utterances: readonly BatchItem[], { schedule }: DepthPath): Promise<number> {
    const start = performance.now();
    await recognise(this.#device, this.#built.model, utterances, [schedule]);
    return (performance.now() - start) / 1000;
  }

  /** Memory of a step with this batch, counted by the device's pool: the most over some steps, since depths may be random. */
  async memory(batch: Batch, steps = 8): Promise<StepMemory> {
    await this.#device.finish();
    const { pool } = this.#device;
    const before = pool.statistics.liveBytes;
    pool.resetPeak();
    for (let i = 0; i < steps; i++) this.#encodeStep(batch);
    const activations = pool.statistics.peakBytes - before;
    await this.#device.finish();
    const { parameters, optimizer } = this.#bytes;
    return { parameters, optimizer, activations, total: parameters + optimizer + activations };
  }

  release(): void {
    this.#built.parameters.release();
  }

  #encodeStep(batch: Batch): void {
    const { activation } = activationType(this.#device, this.config.precision);
    const tape = new Tape(this.#device, { seed: this.config.seed, step: this.#step, activation });
    try {
      trainingStep(
        tape,
        this.#built,
        uploadBatch(tape, batch, this.#built.model),
        trainingPaths(this.config, this.#step),
        this.config,
        {
          learningRate: 0,
          step: ++this.#step,
        },
      );
    } finally {
      tape.end();
    }
  }
}
