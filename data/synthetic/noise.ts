import { normal } from "../../engine/random.ts";

export type Colour = "white" | "pink";

/** Gaussian noise of unit variance (white) or falling by 3 dB per octave (pink), a function of `key` alone. */
export function noise(colour: Colour, length: number, key: number): Float32Array {
  const white = Float32Array.from({ length }, (_, n) => normal(key, n));
  return colour === "white" ? white : pinken(white);
}

/** P. Kellet's filter: three first-order low-passes and a direct path, whose sum falls by about 3 dB per octave. */
function pinken(white: Float32Array): Float32Array {
  let low = 0,
    middle = 0,
    high = 0;
  return white.map((w) => {
    low = 0.99765 * low + 0.099046 * w;
    middle = 0.963 * middle + 0.2965164 * w;
    high = 0.57 * high + 1.0526913 * w;
    return low + middle + high + 0.1848 * w;
  });
}

/**
 * Embeds `speech` in noise: `before` and `after` more samples of noise at its ends, and a speech-to-noise power ratio
 * of `snr` dB over its own extent. Expects speech with its silence trimmed, or the ratio means little.
 */
export function addNoise(
  speech: Float32Array,
  { colour, snr, before, after, key }: { colour: Colour; snr: number; before: number; after: number; key: number },
): Float32Array {
  const mixed = noise(colour, before + speech.length + after, key);
  const scale = Math.sqrt(power(speech) / power(mixed.subarray(before, before + speech.length)) / 10 ** (snr / 10));
  return mixed.map((w, n) => scale * w + (speech[n - before] ?? 0));
}

function power(x: Float32Array): number {
  return x.reduce((sum, value) => sum + value * value, 0) / x.length;
}
