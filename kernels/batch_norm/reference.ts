import { host, type HostTensor } from "../case.ts";
import type { ValueSets } from "../group_norm/reference.ts";

/** The sets of batch norm for `[…, channels]`: each channel, in the real frames of all utterances `[batch, frames, channels]`. */
export function batchSets(shape: readonly number[], lengths?: readonly number[]): ValueSets {
  const channels = shape.at(-1)!;
  const frames = shape.at(-2)!;
  const sets = Array.from({ length: channels }, (): number[] => []);
  for (let i = 0; i < shape.reduce((product, n) => product * n, 1); i++) {
    const row = Math.floor(i / channels);
    if (!lengths || row % frames < lengths[Math.floor(row / frames)]!) sets[i % channels]!.push(i);
  }
  return sets;
}

/** y = (x - mean) / √(variance + ε) · scale + shift with constants for mean and variance. */
export function evaluationReference(
  x: HostTensor,
  scale: HostTensor,
  shift: HostTensor,
  mean: HostTensor,
  variance: HostTensor,
  eps: number,
): HostTensor {
  const channels = scale.data.length;
  return host(x.shape, (i) => {
    const c = i % channels;
    return ((x.data[i]! - mean.data[c]!) / Math.sqrt(variance.data[c]! + eps)) * scale.data[c]! + shift.data[c]!;
  });
}

/** dx = dy · scale / √(variance + ε), dscale = Σ dy · x̂, dshift = Σ dy. */
export function evaluationGradients(
  x: HostTensor,
  scale: HostTensor,
  mean: HostTensor,
  variance: HostTensor,
  dy: HostTensor,
  eps: number,
) {
  const channels = scale.data.length;
  const rstd = (c: number) => 1 / Math.sqrt(variance.data[c]! + eps);
  const dscale = host([channels], () => 0);
  const dshift = host([channels], () => 0);
  const dx = host(x.shape, (i) => {
    const c = i % channels;
    dscale.data[c]! += dy.data[i]! * (x.data[i]! - mean.data[c]!) * rstd(c);
    dshift.data[c]! += dy.data[i]!;
    return dy.data[i]! * scale.data[c]! * rstd(c);
  });
  return { x: dx, scale: dscale, shift: dshift };
}
