import { host, type HostTensor } from "../case.ts";
import type { SgdOptions } from "./sgd.ts";

/** The values after one step from a given velocity. */
export function sgdReference(values: HostTensor, grads: HostTensor, velocity: HostTensor, o: SgdOptions): HostTensor {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = o;
  return host(values.shape, (i) => {
    const p = values.data[i] as number;
    const g = (grads.data[i] as number) + weightDecay * p;
    const b = o.step === 1 ? g : momentum * (velocity.data[i] as number) + g;
    return p - o.learningRate * (nesterov ? g + momentum * b : b);
  });
}
