import { host, type HostTensor } from "../case.ts";

/** y[k] = x[0] + … + x[k] along the middle axis of three; backward from the last one down, which is its gradient. */
export function cumulativeSumReference(x: HostTensor, backward = false): HostTensor {
  const [, count, inner] = x.shape as [number, number, number];
  return host(x.shape, (i) => {
    const k = Math.floor(i / inner) % count;
    const [first, last] = backward ? [k, count - 1] : [0, k];
    let sum = 0;
    for (let j = first; j <= last; j++) sum += x.data[i + (j - k) * inner]!;
    return sum;
  });
}
