import type { Device } from "../../engine/device.ts";
import { openDevice } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { countParameters } from "../../model/parameter_counts.ts";
import { trainedDepths, depthsBetween } from "../../config/depths.ts";
import { restoreConfig } from "../../config/config.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { parseCheckpoint, type Checkpoint } from "../../checkpoint/checkpoint.ts";
import { declareModel } from "../../checkpoint/build_model.ts";
import { unitsFromJSON } from "../../model/units/restore.ts";
import { recogniserOf, type Recogniser } from "../../recognition/recogniser.ts";
import type { DeviceReport, ModelReport, Order, SoundReport, Unfolded } from "../protocol.ts";
import { reportDevice } from "./device_report.ts";
import { recallResults } from "./recorded.ts";
import type { CheckpointBytes, Judgement, StepLosses, TrainingCalls, TrainingReport } from "./train/protocol.ts";
import type { Trainer } from "./train/trainer.ts";
import { storedTable } from "./tuned_store.ts";
import { unfoldAll } from "./unfold_all.ts";

/** The worker's device and model. What needs no device, features and the model's description, works without one. */
export class Session {
  #device: Device | undefined;
  #checkpoint: Checkpoint | undefined;
  #recogniser: Recogniser | undefined;
  #trainerLater: Promise<Trainer> | undefined;

  /** Opens the device anew; a model loaded before is kept and built again when needed. */
  async open(): Promise<DeviceReport> {
    this.#device?.close();
    [this.#device, this.#recogniser] = [undefined, undefined];
    try {
      this.#device = await openDevice({ tuned: storedTable });
    } catch (error) {
      if (error instanceof RunError) return { ok: false, reason: error.message };
      throw error;
    }
    return reportDevice(this.#device);
  }

  /** Whether the device answers no more. */
  async isLost(): Promise<boolean> {
    return (
      this.#device !== undefined &&
      (await this.#device.throwIfBroken().then(
        () => false,
        () => true,
      ))
    );
  }

  load({ bytes, name }: { bytes: Uint8Array; name: string }): ModelReport {
    const checkpoint = parseCheckpoint(bytes, name);
    const report = reportModel(checkpoint);
    [this.#checkpoint, this.#recogniser] = [checkpoint, undefined];
    return report;
  }

  sound({ waveform }: { waveform: Float32Array }): SoundReport {
    const { path, state } = this.#expectCheckpoint();
    const frontEnd = buildFrontEnd(restoreConfig(state.config, path));
    const secondsPerFrame = frontEnd.frameShift / frontEnd.sampleRate;
    return { ...frontEnd.compute(waveform), secondsPerFrame };
  }

  async unfold({ waveform, order }: { waveform: Float32Array; order: Order }): Promise<Unfolded> {
    const device = this.#expectDevice();
    this.#recogniser ??= recogniserOf(device, this.#expectCheckpoint());
    return unfoldAll(device, this.#recogniser, waveform, order);
  }

  recall({ bytes, clip }: { bytes: Uint8Array; clip: number }): Unfolded {
    return recallResults(bytes, clip);
  }

  async trainingRate(args: CheckpointBytes): Promise<number> {
    return (await this.#trainer()).rate(args);
  }

  async startTraining(args: TrainingCalls["startTraining"]["args"]): Promise<TrainingReport> {
    return (await this.#trainer()).start(this.#expectDevice(), args);
  }

  async trainSteps(args: TrainingCalls["trainSteps"]["args"]): Promise<readonly StepLosses[]> {
    return (await this.#trainer()).steps(this.#expectDevice(), args);
  }

  async judgeTraining(args: TrainingCalls["judgeTraining"]["args"]): Promise<Judgement> {
    return (await this.#trainer()).judge(this.#expectDevice(), args);
  }

  async saveTraining(): Promise<Uint8Array> {
    return (await this.#trainer()).save(this.#expectDevice());
  }

  /** Its code is fetched when it is first needed. */
  #trainer(): Promise<Trainer> {
    return (this.#trainerLater ??= import("./train/trainer.ts").then(({ Trainer }) => new Trainer()));
  }

  #expectDevice(): Device {
    if (!this.#device) throw new RunError("there is no WebGPU device");
    return this.#device;
  }

  #expectCheckpoint(): Checkpoint {
    if (!this.#checkpoint) throw new RunError("no model is loaded");
    return this.#checkpoint;
  }
}

function reportModel({ path, state }: Checkpoint): ModelReport {
  const config = restoreConfig(state.config, path);
  const units = unitsFromJSON(state.units, path);
  const declared = declareModel(config, units.size, { lossScaled: false, blank: units.blank });
  const { whole, block } = countParameters(declared);
  const frontEnd = buildFrontEnd(config);
  const trained = trainedDepths(config).map(({ depth }) => depth);
  return {
    name: path,
    sampleRate: frontEnd.sampleRate,
    blocks: declared.model.config.blocks,
    classes: Array.from({ length: units.size }, (_, label) => (label === units.blank ? "∅" : units.piece(label).text)),
    blank: units.blank,
    order: config.unfold.order as Order,
    trained,
    drawn: config.loss.middleDepths > 0 ? depthsBetween(trained, null) : [],
    parameters: whole,
    blockParameters: block,
    secondsPerFrame: (declared.model.stride * frontEnd.frameShift) / frontEnd.sampleRate,
  };
}
