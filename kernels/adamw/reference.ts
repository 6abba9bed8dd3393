import { host, type HostTensor } from "../case.ts";
import type { AdamwOptions } from "./adamw.ts";

type Hyperparameters = Omit<AdamwOptions, "gradientScale">;

/** The values after one step from given moments; `scale` multiplies the gradient. */
export function adamwReference(
  values: HostTensor,
  grads: HostTensor,
  first: HostTensor,
  second: HostTensor,
  scale: number,
  o: Hyperparameters,
): HostTensor {
  const step = o.step as number;
  return host(values.shape, (i) => {
    const p = values.data[i] as number;
    const decoupled = o.decoupled ?? true;
    const g = (grads.data[i] as number) * scale + (decoupled ? 0 : o.weightDecay * p);
    const m = o.beta1 * (first.data[i] as number) + (1 - o.beta1) * g;
    const v = o.beta2 * (second.data[i] as number) + (1 - o.beta2) * g * g;
    const decayed = decoupled ? p * (1 - o.learningRate * o.weightDecay) : p;
    return decayed - (o.learningRate * (m / (1 - o.beta1 ** step))) / (Math.sqrt(v / (1 - o.beta2 ** step)) + o.eps);
  });
}
