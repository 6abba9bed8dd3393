import type { Device } from "../engine/device.ts";
import { waitFor } from "../engine/host/node.ts";
import type { FrontEnd } from "../model/features/front_end.ts";

/** Steps that may be encoded ahead of the device: enough to keep it busy, few enough to bound memory. */
const STEPS_AHEAD = 2;

export interface Lap {
  readonly framesPerSecond: number;
  /** Only for waveforms, whose frames are samples. */
  readonly audioPerSecond?: number;
  /** Share of the time that training waited for a batch. */
  readonly dataWaitShare: number;
  /** Only of several processes that train together: their number, and the shares of the time spent exchanging gradients, and waiting for the slowest. */
  readonly ranks?: number;
  readonly communicationShare?: number;
  readonly rankWaitShare?: number;
  /** Training time so far, including earlier parts of a resumed run. */ readonly seconds: number;
}

/** Adds the speed in seconds of audio for waveforms, whose frames are samples. */
export const withAudioSpeed = ({ settings, sampleRate }: FrontEnd, lap: Lap): Lap =>
  settings.kind === "waveform" ? { ...lap, audioPerSecond: lap.framesPerSecond / sampleRate } : lap;

/** Measures training time, and keeps the host from running too far ahead of the device. */
export class StepClock {
  readonly #device: Device;
  #inFlight: Promise<unknown>[] = [];
  #started = performance.now();
  #paused = 0;
  #waiting = 0;
  #frames = 0;
  #laps: number;
  /** Milliseconds since the last lap that this process waited for the slowest of those it trains with, and that exchanges with them took. */
  readonly inExchange = new Float64Array(2);
  readonly #ranks: number;

  constructor(device: Device, earlierSeconds: number, ranks = 1) {
    this.#device = device;
    this.#ranks = ranks;
    this.#laps = earlierSeconds;
  }

  /** Training time so far. */
  get seconds(): number {
    return this.#laps + (performance.now() - this.#started - this.#paused) / 1000;
  }

  /** Counts the time until the promise settles as waiting for data: next to none if the data is already there. */
  async waiting<T>(data: Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await data;
    } finally {
      this.#waiting += performance.now() - started;
    }
  }

  /**
   * Runs `body` without counting its time as training. Steps in flight finish first, as `body` would otherwise wait for
   * them.
   */
  async pause<T>(body: () => Promise<T>): Promise<T> {
    while (this.#inFlight.length > 0) await this.#finishOldest();
    const started = performance.now();
    const result = await body();
    this.#paused += performance.now() - started;
    return result;
  }

  /**
   * Submits a step of `frames` unpadded frames and waits while too many steps are in flight. Throws device errors, such
   * as device loss.
   */
  async submitted(frames: number): Promise<void> {
    this.#frames += frames;
    this.#device.recorder.flush();
    this.#inFlight.push(this.#device.gpu.queue.onSubmittedWorkDone().catch(() => undefined)); // throwIfBroken throws the reason
    if (this.#inFlight.length > STEPS_AHEAD) await this.#finishOldest();
  }

  /** Speed and waiting time since the last lap. Before, `inExchange` of all processes is added up in place. */
  lap(): Lap {
    const now = performance.now();
    const milliseconds = now - this.#started - this.#paused;
    this.#laps += milliseconds / 1000;
    const [waited = 0, took = 0] = this.inExchange.map((sum) => sum / this.#ranks);
    const lap = {
      framesPerSecond: (this.#frames * 1000) / milliseconds,
      dataWaitShare: this.#waiting / milliseconds,
      seconds: this.#laps,
      ...(this.#ranks > 1 && {
        ranks: this.#ranks,
        communicationShare: took / milliseconds,
        rankWaitShare: waited / milliseconds,
      }),
    };
    this.#started = now;
    this.#paused = this.#waiting = this.#frames = 0;
    this.inExchange.fill(0);
    return lap;
  }

  async #finishOldest(): Promise<void> {
    await waitFor(this.#inFlight.shift() as Promise<undefined>);
    await this.#device.throwIfBroken();
  }
}
