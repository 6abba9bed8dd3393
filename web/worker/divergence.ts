/**
 * KL( deepest ‖ other ): mean over frames of the sum over classes of p(deepest) · (log p(deepest) - log p(other)), in nats. The deepest
 * path is the teacher in training too.
 *
 * @param deepest log-probabilities `[frames, classes]`
 * @param other   of the same shape
 */
export function klToDeepest(deepest: Float32Array, other: Float32Array, frames: number): number {
  let sum = 0;
  for (let i = 0; i < deepest.length; i++) {
    const log = deepest[i] as number;
    if (log > -Infinity) sum += Math.exp(log) * (log - (other[i] as number));
  }
  return sum / frames;
}
