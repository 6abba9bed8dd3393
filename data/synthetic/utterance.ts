import { hash, uniform } from "../../engine/random.ts";
import type { Speech, Synthesizer, Voice } from "./flite.ts";
import { addNoise, type Colour } from "./noise.ts";
import { changeSpeed } from "./change_speed.ts";

/** Everything that is drawn at random for one utterance. */
export type Take = {
  /** Factor on all durations, applied by the synthesiser: pitch and timbre are unchanged. */
  stretch: number;
  /** Mean fundamental frequency in Hz. */
  pitch: number;
  /** Playback speed of the samples: changes duration, pitch and formants, like another vocal tract. */
  speed: number;
  /** Whether a pause follows each word but the last. */
  pauses: boolean[];
  /** Seconds of noise before and after the speech. */
  before: number;
  after: number;
  colour: Colour;
  /** Speech-to-noise ratio in dB. */
  snr: number;
  /** Largest absolute sample, in dB relative to full scale. */
  peak: number;
  noiseKey: number;
};

/** Words to speak with a voice according to a take, at `sampleRate`. */
export interface SpeakRequest {
  readonly voice: Voice;
  readonly words: string[];
  readonly take: Take;
  readonly sampleRate: number;
}

/** Draws the take for `key`: each quantity is uniform over its range (factors in the logarithm). */
export function drawTake(key: number, voice: Voice, words: string[], snr: readonly [number, number]): Take {
  let drawn = 0;
  const between = (low: number, high: number) => low + (high - low) * uniform(key, drawn++);
  const factor = (most: number) => Math.exp(between(-Math.log(most), Math.log(most)));
  return {
    stretch: 1.2 * factor(1.2),
    pitch: voice.pitch * factor(1.2),
    speed: factor(1.1),
    pauses: words.slice(1).map(() => between(0, 1) < 0.25),
    before: between(0.05, 0.25),
    after: between(0.05, 0.25),
    colour: between(0, 1) < 0.5 ? "white" : "pink",
    snr: between(...snr),
    peak: between(-18, -1),
    noiseKey: hash(key, drawn),
  };
}

/** Speaks `words` according to the take. The result is never clipped: its level is set last. */
export function renderTake(
  synthesize: Synthesizer,
  voice: Voice,
  words: string[],
  take: Take,
  sampleRate: number,
): Speech {
  const text = words.map((word, i) => (take.pauses[i] ? `${word},` : word)).join(" ");
  const speech = synthesize(voice, text, take);
  const spoken = changeSpeed(trimSilence(speech), (take.speed * speech.sampleRate) / sampleRate);
  const [before, after] = [take.before, take.after].map((seconds) => Math.round(seconds * sampleRate)) as [
    number,
    number,
  ];
  const noisy = addNoise(spoken, { colour: take.colour, snr: take.snr, before, after, key: take.noiseKey });
  return { samples: scaleToPeak(noisy, 10 ** (take.peak / 20)), sampleRate };
}

/**
 * Trims both ends to 30 ms outside the first and last sample above 1 % of the peak (weak fricatives begin below it).
 */
function trimSilence({ samples, sampleRate }: Speech): Float32Array {
  const threshold = 0.01 * peakOf(samples);
  const margin = Math.round(0.03 * sampleRate);
  const first = samples.findIndex((value) => Math.abs(value) > threshold);
  const last = samples.findLastIndex((value) => Math.abs(value) > threshold);
  return samples.subarray(Math.max(0, first - margin), last + margin);
}

function scaleToPeak(samples: Float32Array, peak: number): Float32Array {
  const scale = peak / peakOf(samples);
  return samples.map((value) => scale * value);
}

function peakOf(samples: Float32Array): number {
  return samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
}
