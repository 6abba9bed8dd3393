/**
 * Adds a piece of a noise recording, scaled so that 10 log10(power of the signal / power of the noise added) is `snrDb`,
 * where power is the mean square over the whole utterance.
 *
 * @param noise at the same rate; a recording that is shorter than the signal is repeated
 * @param position in [0, 1): where in the recording the piece starts, among the places where it fits without repeating, or
 *   anywhere if it has to be repeated
 * @returns `signal` itself if either is silent, as no scale gives the ratio then
 */
export function addNoise(signal: Float32Array, noise: Float32Array, position: number, snrDb: number): Float32Array {
  const places = noise.length > signal.length ? noise.length - signal.length + 1 : noise.length;
  const start = Math.floor(position * places);
  const piece = signal.map((_, i) => noise[(start + i) % noise.length] as number);
  const ratio = meanSquare(signal) / meanSquare(piece);
  if (!(ratio > 0 && ratio < Infinity)) return signal;
  const scale = Math.sqrt(ratio / 10 ** (snrDb / 10));
  return signal.map((sample, i) => sample + scale * (piece[i] as number));
}

function meanSquare(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}
