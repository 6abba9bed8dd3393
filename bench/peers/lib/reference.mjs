// Results are compared through fingerprints, which are small enough to be shipped: reference.json, made in float64 by pytorch_cpu.py.

/** Largest difference from the reference, relative to the result's norm, that float32 arithmetic may make. */
export const TOLERANCE = 1e-3;

/**
 * Sum, sum of squares, and sum with pseudo-random weights in [0, 1], so that the elements' order matters.
 * @param {ArrayLike<number>} result
 * @returns {[number, number, number]}
 */
export function fingerprint(result) {
  let [sum, squares, weighted] = [0, 0, 0];
  for (let i = 0; i < result.length; i++) {
    let hash = Math.imul(i ^ (i >>> 16), 0x85ebca6b);
    hash ^= hash >>> 13;
    sum += result[i];
    squares += result[i] ** 2;
    weighted += (result[i] * (hash & 255)) / 255;
  }
  return [sum, squares, weighted];
}

/**
 * The largest relative difference of a piece of work's results; Infinity when they are not even of the same number, and for a NaN.
 * @param {readonly ArrayLike<number>[]} results
 * @param {readonly (readonly number[])[]} reference fingerprints, one a result
 */
export function differenceFrom(reference, results) {
  if (results.length !== reference.length) return Infinity;
  const differences = results.flatMap((result, i) => {
    const norm = Math.max(1e-6, Math.sqrt(reference[i][1]));
    return fingerprint(result).map(
      (value, j) => Math.abs(value - reference[i][j]) / Math.max(norm, Math.abs(reference[i][j])),
    );
  });
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}
