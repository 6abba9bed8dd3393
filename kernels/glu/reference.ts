import { host, type HostTensor } from "../case.ts";

/** The middle axis of x [outer, 2 · channels, inner] is halved; a frame of padding is not `real`. */
export interface GluView {
  readonly channels: number;
  readonly inner: number;
  readonly real: (row: number) => boolean;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** y = a · sigmoid(b), 0 in padding. Source: Dauphin et al., "Language Modeling with Gated Convolutional Networks", 2017. */
export function gluReference(x: HostTensor, shape: readonly number[], { channels, inner, real }: GluView): HostTensor {
  const half = channels * inner;
  return host(shape, (i) => {
    const row = Math.floor(i / half);
    return real(row) ? x.data[i + row * half]! * sigmoid(x.data[i + (row + 1) * half]!) : 0;
  });
}

/** da = dy · sigmoid(b), db = dy · a · sigmoid'(b). */
export function gluGradient(x: HostTensor, dy: HostTensor, { channels, inner, real }: GluView): HostTensor {
  const half = channels * inner;
  const dx = host(x.shape, () => 0);
  dy.data.forEach((g, i) => {
    const row = Math.floor(i / half);
    if (!real(row)) return;
    const [a, b] = [x.data[i + row * half]!, x.data[i + (row + 1) * half]!];
    dx.data[i + row * half] = g * sigmoid(b);
    dx.data[i + (row + 1) * half] = g * a * sigmoid(b) * sigmoid(-b);
  });
  return dx;
}
