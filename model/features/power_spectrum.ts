import FFT from "fft.js";

/**
 * Prepares |FFT|² of real frames, zero-padded to a power of two.
 *
 * @returns a function from a frame [up to fftLength] to `power` [fftLength / 2 + 1], both in float64
 */
export function createPowerSpectrum(fftLength: number): (frame: Float64Array, power: Float64Array) => void {
  const fft = new FFT(fftLength);
  const padded = new Float64Array(fftLength);
  const spectrum: number[] = fft.createComplexArray(); // interleaved real and imaginary parts
  return (frame, power) => {
    padded.set(frame);
    fft.realTransform(spectrum, padded);
    for (let bin = 0; bin <= fftLength / 2; bin++) {
      const real = spectrum[2 * bin] as number;
      const imaginary = spectrum[2 * bin + 1] as number;
      power[bin] = real * real + imaginary * imaginary;
    }
  };
}
