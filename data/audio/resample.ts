import type libsamplerate from "@alexanderolsen/libsamplerate-js";
import type { SampleSpan } from "./piece.ts";

type Converter = Awaited<ReturnType<typeof libsamplerate.create>>;

/** The sample rates that the library can convert, in Hz. */
export const rateLimits = { lowest: 1000, highest: 192_000 };

/** With more samples at once, in or out, the library loses some. */
const LARGEST_BLOCK = 1_000_000;

/** Far more than the reach of the converter's filter, so that the kept part of a block is unaffected by the cuts. */
const MARGIN_SECONDS = 1;

/** Number of samples that `Resampler.resample` returns for an input of this length. */
export const resampledLength = (samples: number, from: number, to: number): number => Math.round((samples * to) / from);

/**
 * Converts mono samples to another rate with libsamplerate's band-limited sinc interpolation (97 dB). Loading the
 * WebAssembly code takes longer than converting a short file, so each resampler loads it once per pair of rates: keep
 * one for many conversions.
 */
export class Resampler {
  readonly #converters = new Map<string, Promise<Converter>>();

  /**
   * Output sample n lies at the same time, n / to seconds, as in the input. Returns `samples` itself if the rates are equal.
   *
   * Long inputs are cut into blocks with margins. A whole second is a whole number of samples at either rate, so
   * blocks cut there fit together exactly.
   *
   * @param from rate in Hz, a whole number within `rateLimits`
   * @param to rate in Hz, likewise
   * @returns [round(samples · to / from)]
   */
  async resample(samples: Float32Array, from: number, to: number): Promise<Float32Array> {
    if (from === to) return samples;
    const converter = await this.#converter(from, to);
    const blockSeconds = Math.floor(LARGEST_BLOCK / Math.max(from, to)) - 2 * MARGIN_SECONDS;
    const result = new Float32Array(resampledLength(samples.length, from, to));
    for (let second = 0; second * from < samples.length; second += blockSeconds) {
      const start = Math.max(0, second - MARGIN_SECONDS);
      const converted = converter.simple(
        samples.subarray(start * from, (second + blockSeconds + MARGIN_SECONDS) * from),
      );
      const kept = converted.subarray((second - start) * to, (second - start + blockSeconds) * to);
      result.set(kept.subarray(0, result.length - second * to), second * to);
    }
    return result;
  }

  /**
   * A span of what `resample` returns for a long recording, reading only the span and a margin. Both cut at whole
   * seconds, so the results differ only by the converter's rounding.
   *
   * @param recording its `read` stops at its end
   * @param span in samples at the rate `to`, within the recording
   */
  async resampleSpan(
    recording: { readonly sampleRate: number; read(from: number, to: number): Promise<Float32Array> },
    to: number,
    span: SampleSpan,
  ): Promise<Float32Array> {
    const from = recording.sampleRate;
    if (from === to) return recording.read(span.from, span.to);
    const first = Math.max(0, Math.floor(span.from / to) - MARGIN_SECONDS);
    const last = Math.ceil(span.to / to) + MARGIN_SECONDS;
    const resampled = await this.resample(await recording.read(first * from, last * from), from, to);
    return resampled.subarray(span.from - first * to, span.to - first * to);
  }

  #converter(from: number, to: number): Promise<Converter> {
    const key = `${from} -> ${to}`;
    let converter = this.#converters.get(key);
    if (!converter) {
      converter = createConverter(from, to);
      this.#converters.set(key, converter);
    }
    return converter;
  }
}

/** The library is 2 MB of text, which takes longer to read than many commands that never resample take in all. */
async function createConverter(from: number, to: number): Promise<Converter> {
  const { default: library } = await import("@alexanderolsen/libsamplerate-js");
  return library.create(1, from, to, { converterType: library.ConverterType.SRC_SINC_FASTEST });
}
