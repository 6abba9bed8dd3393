import type { Device } from "../../../engine/device.ts";
import { RunError } from "../../../engine/errors.ts";
import { parseCheckpoint } from "../../../checkpoint/checkpoint.ts";
import { buildFrontEnd } from "../../../config/front_end.ts";
import type {
  CheckpointBytes,
  Judgement,
  SpokenStrings,
  StepLosses,
  TrainingCalls,
  TrainingReport,
} from "./protocol.ts";
import { trainableConfig, Training } from "./training.ts";

const SNAPSHOT = "the page's own snapshot";

type Args<Name extends keyof TrainingCalls> = TrainingCalls[Name]["args"];

/**
 * The worker's training, and its last snapshot on the host: on another device than before, or after a loss that is no number, it
 * goes on from there.
 */
export class Trainer {
  #strings: SpokenStrings | undefined;
  #training: Training | undefined;
  #snapshot: CheckpointBytes | undefined;

  rate({ bytes, name }: CheckpointBytes): number {
    return buildFrontEnd(trainableConfig(parseCheckpoint(bytes, name).state.config, name)).sampleRate;
  }

  /** What was trained before stays if this fails. */
  async start(device: Device, { strings, ...given }: Args<"startTraining">): Promise<TrainingReport> {
    const origin =
      "config" in given ? given : { checkpoint: parseCheckpoint(given.checkpoint.bytes, given.checkpoint.name) };
    const training = await Training.open(device, strings, origin);
    this.#release();
    [this.#training, this.#strings] = [training, strings];
    await this.#keep();
    return training.report();
  }

  /** What was trained before stays if this fails. */
  async add(device: Device, { strings }: Args<"addStrings">): Promise<TrainingReport> {
    await this.#on(device);
    const bytes = await this.#keep();
    const { train, dev } = this.#strings as SpokenStrings;
    const all = { train: [...train, ...strings], dev };
    const checkpoint = parseCheckpoint(bytes, SNAPSHOT);
    const training = await Training.open(device, all, { checkpoint, isGrown: true });
    this.#release();
    [this.#training, this.#strings] = [training, all];
    await this.#keep();
    return training.report();
  }

  async steps(device: Device, { most, milliseconds, settings }: Args<"trainSteps">): Promise<StepLosses[]> {
    const training = await this.#on(device);
    try {
      return await training.steps(most, milliseconds, settings);
    } catch (error) {
      if (!(error instanceof RunError)) throw error;
      await device.throwIfBroken();
      const { step } = (await this.#recall(device)).report();
      throw new RunError(`${error.message}: the model of step ${step} is back, try a lower learning rate`);
    }
  }

  async judge(device: Device, { waveform }: Args<"judgeTraining">): Promise<Judgement> {
    const training = await this.#on(device);
    const judgement = await training.judge(waveform);
    await this.#keep();
    return judgement;
  }

  async save(device: Device): Promise<Uint8Array> {
    await this.#on(device);
    return this.#keep();
  }

  async #keep(): Promise<Uint8Array> {
    const bytes = await (this.#training as Training).save();
    this.#snapshot = { bytes, name: SNAPSHOT };
    return bytes;
  }

  /** The training on this device: from the snapshot, if it was on another. */
  async #on(device: Device): Promise<Training> {
    if (!this.#training) throw new RunError("no training has been started");
    return this.#training.device === device ? this.#training : this.#recall(device);
  }

  async #recall(device: Device): Promise<Training> {
    const { bytes, name } = this.#snapshot as CheckpointBytes;
    const training = await Training.open(device, this.#strings as SpokenStrings, {
      checkpoint: parseCheckpoint(bytes, name),
    });
    this.#release();
    return (this.#training = training);
  }

  #release(): void {
    this.#training?.release();
    this.#training = undefined;
  }
}
