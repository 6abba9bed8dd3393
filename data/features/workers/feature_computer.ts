import { createHash } from "node:crypto";
import { readFileSync, statfsSync, statSync } from "node:fs";
import { applyCmvn, utteranceCmvn } from "../../../model/features/cmvn.ts";
import { createFrontEnd, type FrontEnd } from "../../../model/features/front_end.ts";
import { AudioReader } from "../../audio/audio.ts";
import { Resampler } from "../../audio/resample.ts";
import { addNoise, changeSpeed, changeVolume } from "../../audio/waveform.ts";
import { featureKey, readFeatures, writeFeatures, type StoredFeatures } from "../feature_cache.ts";
import { formatBytes } from "../../text/number_format.ts";
import type { AudioPart, FeatureAnswer, FeatureRequest, FeatureSettings } from "./request.ts";

/** Noise recordings are reused: keep up to this many bytes of them decoded. */
const NOISE_BYTES = 64 * 2 ** 20;

/**
 * Audio file -> waveform -> speed, noise, volume -> front end frames, in a thread or in place. Features of a waveform
 * with noise or changed volume are new in each epoch and never cached; all others are, if the front end allows it.
 * Close when done.
 */
export class FeatureComputer {
  readonly #frontEnd: FrontEnd;
  readonly #cache: string | null;
  readonly #spareBytes: number;
  readonly #resampler = new Resampler();
  readonly #audio = new AudioReader(this.#resampler);
  readonly #noises = new Map<string, Float32Array>();
  #noiseBytes = 0;

  constructor({ frontEnd, cache, spareBytes = 0 }: FeatureSettings) {
    this.#frontEnd = createFrontEnd(frontEnd);
    this.#cache = cache;
    this.#spareBytes = spareBytes;
  }

  /** @throws UserError, as `AudioReader.read` does, if a file cannot be read */
  async compute(request: FeatureRequest): Promise<FeatureAnswer> {
    const { features, ...origin } = await this.#find(request);
    const { cmvn, want } = request;
    const computed = !isTooLong(features.samples, request);
    return {
      ...origin,
      samples: features.samples,
      frames: features.frames,
      remarks: features.remarks,
      statistics: want.statistics && computed ? utteranceCmvn(features) : null,
      values: want.values && computed ? (cmvn ? applyCmvn(cmvn, features) : features).values : null,
    };
  }

  /** Releases the recording that is still open. */
  close(): Promise<void> {
    return this.#audio.close();
  }

  async #find(
    request: FeatureRequest,
  ): Promise<{ features: StoredFeatures } & Pick<FeatureAnswer, "content" | "origin" | "cacheFault">> {
    const { path, piece, speed } = request;
    const { cacheKey } = this.#frontEnd;
    const cache =
      request.noise || request.gainDb !== null || request.span || request.want.longest !== undefined
        ? null
        : this.#cache;
    const content = cache === null || cacheKey === null ? null : (request.content ?? hashOf(path));
    if (cache === null || cacheKey === null || content === null)
      return { features: await this.#make(request), content, origin: "computed", cacheFault: null };

    const key = featureKey(content, piece, speed, cacheKey);
    const found = readFeatures(cache, key);
    if (typeof found !== "string") return { features: found, content, origin: "cache", cacheFault: null };
    const features = await this.#make(request);
    return {
      features,
      content,
      origin: found === "damaged" ? "damaged" : "computed",
      cacheFault: tryToWrite(cache, key, features, this.#spareBytes),
    };
  }

  async #make(request: FeatureRequest): Promise<StoredFeatures> {
    const { path, piece, speed, noise, gainDb, want } = request;
    const rate = this.#frontEnd.sampleRate;
    const whole = want.longest === undefined ? undefined : { from: 0, to: await this.#audio.length(path, rate) };
    if (whole && isTooLong(whole.to, request)) {
      const { bins, frameCount } = this.#frontEnd;
      const [samples, frames] = [whole.to, frameCount(whole.to)];
      return { samples, frames, bins, values: new Float32Array(), remarks: [] }; // made when it is read
    }
    const span = request.span ?? whole;
    const { samples, remarks } = span
      ? await this.#audio.readSpan(path, rate, span)
      : await this.#audio.read(path, rate, piece);
    let waveform = await changeSpeed(samples, rate, speed, this.#resampler);
    if (noise) waveform = addNoise(waveform, await this.#noise(noise), noise.position, noise.snrDb);
    if (gainDb !== null) waveform = changeVolume(waveform, gainDb);
    return { ...this.#frontEnd.compute(waveform), samples: samples.length, remarks };
  }

  async #noise({ path, piece }: AudioPart): Promise<Float32Array> {
    const key = JSON.stringify([path, piece]);
    const kept = this.#noises.get(key);
    if (kept) return kept;
    const { samples } = await this.#audio.read(path, this.#frontEnd.sampleRate, piece);
    if (this.#noises.has(key)) return samples; // in place, a concurrent request may have read it meanwhile
    this.#noises.set(key, samples);
    this.#noiseBytes += samples.byteLength;
    for (const [oldest, { byteLength }] of this.#noises) {
      if (this.#noiseBytes <= NOISE_BYTES || oldest === key) break;
      this.#noises.delete(oldest);
      this.#noiseBytes -= byteLength;
    }
    return samples;
  }
}

const isTooLong = (samples: number, { want: { longest = Infinity } }: FeatureRequest): boolean => samples > longest;

/** Null for a file that cannot be read; decoding reports why. */
function hashOf(path: string): string | null {
  try {
    if (!statSync(path).isFile()) return null; // reading a pipe would block
    return createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 32);
  } catch {
    return null;
  }
}

function tryToWrite(folder: string, key: string, features: StoredFeatures, spareBytes: number): string | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize - features.values.byteLength < spareBytes)
      return `its disk has less than ${formatBytes(spareBytes)} left`;
    writeFeatures(folder, key, features);
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOSPC" ? "the disk is full" : message;
  }
}
