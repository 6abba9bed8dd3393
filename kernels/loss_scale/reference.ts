import { host, type HostTensor } from "../case.ts";
import type { ScaledUpdateOptions } from "./loss_scale.ts";

/** [scale, good steps, updates, skipped] after a step whose scaled gradients have this norm. */
export function nextStateReference(
  state: HostTensor,
  norm: HostTensor,
  { growthInterval = 2000 }: ScaledUpdateOptions,
): HostTensor {
  const [scale, good, updates, skipped] = state.data as unknown as [number, number, number, number];
  const grows = good + 1 >= growthInterval;
  const next = Number.isFinite(norm.data[0])
    ? [grows ? Math.min(2 ** 24, 2 * scale) : scale, grows ? 0 : good + 1, updates + 1, skipped]
    : [Math.max(1, scale / 2), 0, updates, skipped + 1];
  return host([4], (i) => next[i]!);
}

/** The factor of the gradients that divides out the loss scale and clips. */
export const gradientScaleReference = (
  state: HostTensor,
  norm: HostTensor,
  { maxNorm }: ScaledUpdateOptions,
): HostTensor => host([1], () => Math.min(1, maxNorm / (norm.data[0]! / state.data[0]! + 1e-6)) / state.data[0]!);

/** 1 / (1 - βᵗ) for both, at the step after those counted. */
export const correctionsReference = (state: HostTensor, { beta1, beta2 }: ScaledUpdateOptions): HostTensor =>
  host([2], (i) => 1 / (1 - (i === 0 ? beta1 : beta2) ** (state.data[2]! + 1)));
