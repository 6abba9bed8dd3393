import { host, type HostTensor } from "../case.ts";

/**
 * A set of values that are normalised together: the indices of x that belong to it. Group norm: `width` channels of one
 * utterance. Batch norm: one channel of all utterances.
 */
export type ValueSets = readonly (readonly number[])[];

/** The sets of group norm for `[batch, frames, channels]`. */
export function groupSets([batch, frames, channels]: readonly number[], groups: number): ValueSets {
  const width = channels! / groups;
  const sets = Array.from({ length: batch! * groups }, (): number[] => []);
  for (let i = 0; i < batch! * frames! * channels!; i++)
    sets[Math.floor(i / (frames! * channels!)) * groups + Math.floor((i % channels!) / width)]!.push(i);
  return sets;
}

/** y = (x - μ) / √(σ² + ε) · scale + shift, with mean μ and population variance σ² of each set; 0 for what is in no set. */
export function standardiseReference(
  x: HostTensor,
  sets: ValueSets,
  scale: HostTensor,
  shift: HostTensor,
  eps: number,
): HostTensor {
  const y = host(x.shape, () => 0);
  const channels = scale.data.length;
  for (const set of sets) {
    const { mean, rstd } = statistics(x, set, eps);
    for (const i of set) y.data[i] = (x.data[i]! - mean) * rstd * scale.data[i % channels]! + shift.data[i % channels]!;
  }
  return y;
}

/**
 * With x̂ = (x - μ) · rstd and g = dy · scale:  dx = rstd · (g - mean(g) - x̂ · mean(g · x̂)),
 * dscale = Σ dy · x̂,  dshift = Σ dy.
 */
export function standardiseGradients(x: HostTensor, sets: ValueSets, scale: HostTensor, dy: HostTensor, eps: number) {
  const channels = scale.data.length;
  const dx = host(x.shape, () => 0);
  const dscale = host([channels], () => 0);
  const dshift = host([channels], () => 0);
  for (const set of sets) {
    const { mean, rstd } = statistics(x, set, eps);
    const g = (i: number) => dy.data[i]! * scale.data[i % channels]!;
    const xHat = (i: number) => (x.data[i]! - mean) * rstd;
    const meanG = set.reduce((sum, i) => sum + g(i), 0) / set.length;
    const meanGX = set.reduce((sum, i) => sum + g(i) * xHat(i), 0) / set.length;
    for (const i of set) {
      dx.data[i] = rstd * (g(i) - meanG - xHat(i) * meanGX);
      dscale.data[i % channels]! += dy.data[i]! * xHat(i);
      dshift.data[i % channels]! += dy.data[i]!;
    }
  }
  return { x: dx, scale: dscale, shift: dshift };
}

function statistics(x: HostTensor, set: readonly number[], eps: number) {
  const mean = set.reduce((sum, i) => sum + x.data[i]!, 0) / set.length;
  const variance = set.reduce((sum, i) => sum + (x.data[i]! - mean) ** 2, 0) / set.length;
  return { mean, rstd: 1 / Math.sqrt(variance + eps) };
}
