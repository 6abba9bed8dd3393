import { ShapeError } from "../engine/shape.ts";

/**
 * Sinusoidal position encodings (Vaswani et al., 2017, section 3.5): sin(p / 10000^(2i / dim)) in column 2i and the cosine of the
 * same in column 2i + 1. Computed on the host in float64, because distances of thousands of frames need an accurate sine.
 *
 * @param positions p, may be negative
 * @param dim       even
 * @returns         `[positions, dim]`
 */
export function sinusoidalPositions(positions: ArrayLike<number>, dim: number): Float32Array {
  if (!Number.isInteger(dim) || dim < 2 || dim % 2 !== 0)
    throw new ShapeError("sinusoidalPositions", "dim", "an even number of features", String(dim));
  const encodings = new Float32Array(positions.length * dim);
  for (let i = 0; i < dim; i += 2) {
    const frequency = 10000 ** (-i / dim);
    for (let row = 0; row < positions.length; row++) {
      const angle = (positions[row] as number) * frequency;
      encodings[row * dim + i] = Math.sin(angle);
      encodings[row * dim + i + 1] = Math.cos(angle);
    }
  }
  return encodings;
}

/**
 * The encodings of every distance (query minus key) within `frames` frames, in the order that `attention` reads them:
 * frames - 1, …, 1, 0, -1, …, -(frames - 1).
 *
 * @returns `[2 · frames - 1, dim]`
 */
export function relativePositions(frames: number, dim: number): Float32Array {
  const distances = Array.from({ length: 2 * frames - 1 }, (_, row) => frames - 1 - row);
  return sinusoidalPositions(distances, dim);
}
