import { host, type HostTensor } from "../case.ts";

/** y[b, t, c] = bias[c] + Σ_k weight[c, k] · x[b, t + k - ⌊K/2⌋, c], where x is 0 outside the frames of utterance b. */
export function depthwiseConvReference(
  x: HostTensor,
  weight: HostTensor,
  bias?: HostTensor,
  lengths?: HostTensor,
): HostTensor {
  const y = host(x.shape, (i) => bias?.data[i % weight.shape[0]!] ?? 0);
  forEachProduct(x, weight, lengths, (out, input, tap) => (y.data[out]! += weight.data[tap]! * x.data[input]!));
  return y;
}

/** The derivatives of each product weight · x that the definition sums. */
export function depthwiseConvGradients(x: HostTensor, weight: HostTensor, dy: HostTensor, lengths?: HostTensor) {
  const dx = host(x.shape, () => 0);
  const dweight = host(weight.shape, () => 0);
  const dbias = host([weight.shape[0]!], () => 0);
  dy.data.forEach((g, i) => (dbias.data[i % dbias.data.length]! += g));
  forEachProduct(x, weight, lengths, (out, input, tap) => {
    dx.data[input]! += weight.data[tap]! * dy.data[out]!;
    dweight.data[tap]! += x.data[input]! * dy.data[out]!;
  });
  return { x: dx, weight: dweight, bias: dbias };
}

function forEachProduct(
  x: HostTensor,
  weight: HostTensor,
  lengths: HostTensor | undefined,
  visit: (out: number, input: number, tap: number) => void,
) {
  const [batch, frames, channels] = x.shape as [number, number, number];
  const kernel = weight.shape[2]!;
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < frames; t++)
      for (let k = 0; k < kernel; k++) {
        const frame = t + k - (kernel - 1) / 2;
        if (frame < 0 || frame >= Math.min(frames, lengths?.data[b] ?? frames)) continue;
        for (let c = 0; c < channels; c++)
          visit((b * frames + t) * channels + c, (b * frames + frame) * channels + c, c * kernel + k);
      }
}
