import { host, type HostTensor } from "../case.ts";

/** y[b, h, i, j] = x[b, h, i, frames - 1 - (i - j)]. */
export function relShiftReference(x: HostTensor): HostTensor {
  const [batch, heads, frames] = x.shape as [number, number, number];
  return host([batch, heads, frames, frames], (at) => x.data[sourceOf(at, frames)] as number);
}

/** Every element of y is a copy of one of x, which gets its gradient; the other elements of x get none. */
export function relShiftGradients(x: HostTensor, dy: HostTensor) {
  const dx = host(x.shape, () => 0);
  dy.data.forEach((g, at) => (dx.data[sourceOf(at, dy.shape[2] as number)] = g));
  return { x: dx };
}

/** The element of x that is element `at` of y. */
function sourceOf(at: number, frames: number): number {
  const row = Math.floor(at / frames);
  const [i, j] = [row % frames, at % frames];
  return row * (2 * frames - 1) + frames - 1 - (i - j);
}
