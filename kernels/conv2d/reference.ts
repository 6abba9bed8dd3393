import { host, type HostTensor } from "../case.ts";

export interface Conv2dGeometry {
  readonly stride: number;
  readonly padding: number;
  readonly relu: boolean;
}

/** y[b, i, j, o] = f(bias[o] + Σ_{c,u,v} weight[o, c, u, v] · x[b, i·stride + u - padding, j·stride + v - padding, c]). */
export function conv2dReference(
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor | undefined,
  geometry: Conv2dGeometry,
): HostTensor {
  const y = sums(x, weight, bias, geometry);
  return geometry.relu ? host(y.shape, (i) => Math.max(0, y.data[i]!)) : y;
}

/** The derivatives of each product weight · x that the definition sums; none where the ReLU cuts off. */
export function conv2dGradients(
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor | undefined,
  dy: HostTensor,
  geometry: Conv2dGeometry,
) {
  const y = sums(x, weight, bias, geometry);
  const dsum = host(dy.shape, (i) => (geometry.relu && y.data[i]! <= 0 ? 0 : dy.data[i]!));
  const dx = host(x.shape, () => 0);
  const dweight = host(weight.shape, () => 0);
  const dbias = host([weight.shape[0]!], () => 0);
  dsum.data.forEach((g, i) => (dbias.data[i % dbias.data.length]! += g));
  forEachProduct(x, weight, geometry, (out, input, tap) => {
    dx.data[input]! += weight.data[tap]! * dsum.data[out]!;
    dweight.data[tap]! += x.data[input]! * dsum.data[out]!;
  });
  return { x: dx, weight: dweight, bias: dbias };
}

function sums(x: HostTensor, weight: HostTensor, bias: HostTensor | undefined, geometry: Conv2dGeometry): HostTensor {
  const outs = weight.shape[0]!;
  const y = host([x.shape[0]!, ...outputSize(x, weight, geometry), outs], (i) => bias?.data[i % outs] ?? 0);
  forEachProduct(x, weight, geometry, (out, input, tap) => (y.data[out]! += weight.data[tap]! * x.data[input]!));
  return y;
}

const outputSize = (x: HostTensor, weight: HostTensor, { stride, padding }: Conv2dGeometry): [number, number] => [
  Math.floor((x.shape[1]! + 2 * padding - weight.shape[2]!) / stride) + 1,
  Math.floor((x.shape[2]! + 2 * padding - weight.shape[3]!) / stride) + 1,
];

function forEachProduct(
  x: HostTensor,
  weight: HostTensor,
  geometry: Conv2dGeometry,
  visit: (out: number, input: number, tap: number) => void,
) {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const [outs, , kernelHeight, kernelWidth] = weight.shape as [number, number, number, number];
  const [outHeight, outWidth] = outputSize(x, weight, geometry);
  for (let position = 0; position < batch * outHeight * outWidth; position++)
    for (let tap = 0; tap < channels * kernelHeight * kernelWidth; tap++) {
      const h =
        (Math.floor(position / outWidth) % outHeight) * geometry.stride +
        (Math.floor(tap / kernelWidth) % kernelHeight) -
        geometry.padding;
      const w = (position % outWidth) * geometry.stride + (tap % kernelWidth) - geometry.padding;
      if (h < 0 || h >= height || w < 0 || w >= width) continue;
      const b = Math.floor(position / (outHeight * outWidth));
      const input = ((b * height + h) * width + w) * channels + Math.floor(tap / (kernelHeight * kernelWidth));
      for (let o = 0; o < outs; o++) visit(position * outs + o, input, o * channels * kernelHeight * kernelWidth + tap);
    }
}
