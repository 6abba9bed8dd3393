import libsamplerate from "@alexanderolsen/libsamplerate-js";

type Converter = Awaited<ReturnType<typeof libsamplerate.create>>;

/** Loading the WebAssembly code takes longer than a short file, so each pair of rates loads it once. */
const converters = new Map<string, Promise<Converter>>();

/** The rates between which the library converts. */
export const rateLimits = { lowest: 1000, highest: 192_000 };

/** A whole second is a whole number of samples at either rate, so blocks cut there fit together exactly. */
const BLOCK_SECONDS = 3;

/** Far more than the converter's filter reaches, so that a block's kept part does not feel where the block was cut. */
const MARGIN_SECONDS = 1;

/**
 * Converts mono samples to another rate with libsamplerate's band-limited sinc interpolation (97 dB).
 * Output sample n lies at the same time, n / to seconds, as in the input. Returns `samples` itself if the rates are equal.
 *
 * The library loses samples of inputs over 1,008,000 samples, hence the blocks with margins.
 *
 * @param from rate in Hz, a whole number within `rateLimits`
 * @param to rate in Hz, likewise
 * @returns [round(samples · to / from)]
 */
export async function resample(samples: Float32Array, from: number, to: number): Promise<Float32Array> {
  if (from === to) return samples;
  const converter = await load(from, to);
  const result = new Float32Array(Math.round((samples.length * to) / from));
  for (let second = 0; second * from < samples.length; second += BLOCK_SECONDS) {
    const start = Math.max(0, second - MARGIN_SECONDS);
    const block = samples.subarray(start * from, (second + BLOCK_SECONDS + MARGIN_SECONDS) * from);
    // A copy: the library reads its input's whole buffer when it splits it.
    const converted = converter.simple(block.slice());
    const kept = converted.subarray((second - start) * to, (second - start + BLOCK_SECONDS) * to);
    result.set(kept.subarray(0, result.length - second * to), second * to);
  }
  return result;
}

function load(from: number, to: number): Promise<Converter> {
  const key = `${from} -> ${to}`;
  let converter = converters.get(key);
  if (!converter) {
    const { SRC_SINC_FASTEST } = libsamplerate.ConverterType;
    converter = libsamplerate.create(1, from, to, { converterType: SRC_SINC_FASTEST });
    converters.set(key, converter);
  }
  return converter;
}
