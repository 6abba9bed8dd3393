import { host, type HostTensor } from "../case.ts";

export interface Conv1dGeometry {
  readonly stride: number;
  readonly padding: readonly [before: number, after: number];
  readonly dilation: number;
  readonly groups: number;
}

/** y[b, i, o] = bias[o] + Σ_{c,k} weight[o, c, k] · x[b, i·stride + k·dilation - padding, first channel of o's group + c]. */
export function conv1dReference(
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor | undefined,
  geometry: Conv1dGeometry,
): HostTensor {
  const outs = weight.shape[0]!;
  const y = host([x.shape[0]!, outputFrames(x, weight, geometry), outs], (i) => bias?.data[i % outs] ?? 0);
  forEachProduct(x, weight, geometry, (out, input, tap) => (y.data[out]! += weight.data[tap]! * x.data[input]!));
  return y;
}

/** The derivatives of each product weight · x that the definition sums. */
export function conv1dGradients(x: HostTensor, weight: HostTensor, dy: HostTensor, geometry: Conv1dGeometry) {
  const dx = host(x.shape, () => 0);
  const dweight = host(weight.shape, () => 0);
  const dbias = host([weight.shape[0]!], () => 0);
  dy.data.forEach((g, i) => (dbias.data[i % dbias.data.length]! += g));
  forEachProduct(x, weight, geometry, (out, input, tap) => {
    dx.data[input]! += weight.data[tap]! * dy.data[out]!;
    dweight.data[tap]! += x.data[input]! * dy.data[out]!;
  });
  return { x: dx, weight: dweight, bias: dbias };
}

export const outputFrames = (
  x: HostTensor,
  weight: HostTensor,
  { stride, padding, dilation }: Conv1dGeometry,
): number => Math.floor((x.shape[1]! + padding[0] + padding[1] - dilation * (weight.shape[2]! - 1) - 1) / stride) + 1;

function forEachProduct(
  x: HostTensor,
  weight: HostTensor,
  geometry: Conv1dGeometry,
  visit: (out: number, input: number, tap: number) => void,
) {
  const [batch, frames, channels] = x.shape as [number, number, number];
  const [outs, width, kernel] = weight.shape as [number, number, number];
  const outFrames = outputFrames(x, weight, geometry);
  for (let row = 0; row < batch * outFrames; row++)
    for (let k = 0; k < kernel; k++) {
      const frame = (row % outFrames) * geometry.stride + k * geometry.dilation - geometry.padding[0];
      if (frame < 0 || frame >= frames) continue;
      const input = (Math.floor(row / outFrames) * frames + frame) * channels;
      for (let o = 0; o < outs; o++) {
        const group = Math.floor(o / (outs / geometry.groups));
        for (let c = 0; c < width; c++) visit(row * outs + o, input + group * width + c, (o * width + c) * kernel + k);
      }
    }
}
