import type { Device } from "../../engine/device.ts";
import { openDevice } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { restoreConfig } from "../../config/config.ts";
import { parseCheckpoint, type Checkpoint } from "../../checkpoint/checkpoint.ts";
import { recogniserOf, type Recogniser } from "../../recognition/recogniser.ts";
import type {
  AttentionQuestion,
  AttentionReport,
  DeviceReport,
  ModelPlan,
  ModelReport,
  Order,
  SoundReport,
  Unfolded,
} from "../protocol.ts";
import { reportDevice } from "./device_report.ts";
import { reportModel } from "./model/describe.ts";
import { openBlob } from "./model/open_blob.ts";
import { reportSound } from "./model/sound.ts";
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
    return reportSound(restoreConfig(state.config, path), waveform);
  }

  async unfold({ waveform, order }: { waveform: Float32Array; order: Order }): Promise<Unfolded> {
    const device = this.#expectDevice();
    return unfoldAll(device, this.#built(device), waveform, order);
  }

  async plan({ file, name }: { file: Blob; name: string }): Promise<ModelPlan> {
    const { planModel } = await import("./model/plan.ts");
    return planModel(openBlob(file, name), file.size, this.#device);
  }

  /** The weights of the model before are released first: the device need not have room for both. If this fails, load that one again. */
  loadFile({ file, name }: { file: Blob; name: string }): ModelReport {
    const checkpoint = openBlob(file, name);
    const report = reportModel(checkpoint);
    this.#recogniser?.parameters.release();
    [this.#checkpoint, this.#recogniser] = [checkpoint, undefined];
    this.#device?.pool.trim();
    this.#built(this.#expectDevice());
    return report;
  }

  async attention(question: AttentionQuestion): Promise<AttentionReport> {
    const { attentionWeights } = await import("./model/attention_weights.ts");
    const device = this.#expectDevice();
    return attentionWeights(device, this.#built(device), question);
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

  async addStrings(args: TrainingCalls["addStrings"]["args"]): Promise<TrainingReport> {
    return (await this.#trainer()).add(this.#expectDevice(), args);
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

  #built(device: Device): Recogniser {
    return (this.#recogniser ??= recogniserOf(device, this.#expectCheckpoint()));
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
