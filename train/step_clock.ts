import type { Device } from "../engine/device.ts";
import { waitFor } from "../engine/host/node.ts";
import type { FrontEnd } from "../model/features/front_end.ts";

/** Steps that may be encoded before the device has finished them: enough to keep it busy, few enough to bound memory. */
const STEPS_AHEAD = 2;

export interface Lap {
  readonly framesPerSecond: number;
  /** Where a frame is a sample. */
  readonly audioPerSecond?: number;
  /** Share of the time in which training stood still because no batch was ready. */
  readonly dataWaitShare: number;
  /** Time spent training so far, earlier parts of a resumed run included. */
  readonly seconds: number;
}

/** A lap with its speed in seconds of audio as well, where a frame is a sample. */
export const lapIn = ({ settings, sampleRate }: FrontEnd, lap: Lap): Lap =>
  settings.kind === "waveform" ? { ...lap, audioPerSecond: lap.framesPerSecond / sampleRate } : lap;

/** Where the time of training goes, and the brake that keeps the host from running away from the device. */
export class StepClock {
  readonly #device: Device;
  #inFlight: Promise<unknown>[] = [];
  #started = performance.now();
  #paused = 0;
  #waiting = 0;
  #frames = 0;
  #laps: number;

  constructor(device: Device, earlierSeconds: number) {
    this.#device = device;
    this.#laps = earlierSeconds;
  }

  /** Time spent training so far. */
  get seconds(): number {
    return this.#laps + (performance.now() - this.#started - this.#paused) / 1000;
  }

  /** The time until the promise is settled counts as waiting for data; next to none if the data are there already. */
  async waiting<T>(data: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await data;
    } finally {
      this.#waiting += performance.now() - started;
    }
  }

  /** Runs `body`, left out of the time of training; steps under way, which `body` would else wait for, are finished first. */
  async pause<T>(body: () => Promise<T>): Promise<T> {
    while (this.#inFlight.length > 0) await this.#finishOldest();
    const started = performance.now();
    const result = await body();
    this.#paused += performance.now() - started;
    return result;
  }

  /** Submits a step of so many real frames, and waits while too many are under way. Throws what the device met, such as its loss. */
  async submitted(frames: number): Promise<void> {
    this.#frames += frames;
    this.#device.recorder.flush();
    this.#inFlight.push(this.#device.gpu.queue.onSubmittedWorkDone().catch(() => undefined)); // its reason is thrown below
    if (this.#inFlight.length > STEPS_AHEAD) await this.#finishOldest();
  }

  /** The numbers since the last lap. */
  lap(): Lap {
    const now = performance.now();
    const milliseconds = now - this.#started - this.#paused;
    this.#laps += milliseconds / 1000;
    const lap = {
      framesPerSecond: (this.#frames * 1000) / milliseconds,
      dataWaitShare: this.#waiting / milliseconds,
      seconds: this.#laps,
    };
    this.#started = now;
    this.#paused = this.#waiting = this.#frames = 0;
    return lap;
  }

  async #finishOldest(): Promise<void> {
    await waitFor(this.#inFlight.shift() as Promise<undefined>);
    await this.#device.throwIfBroken();
  }
}
