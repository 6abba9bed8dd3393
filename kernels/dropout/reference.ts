import { hash } from "../../engine/random.ts";
import { host, type HostTensor } from "../case.ts";

export interface DropoutName {
  readonly seed: number;
  readonly step: number;
  readonly site: number;
}

/** x / (1 - rate) where hash(seed, step, site, i) / 2³² ≥ rate, else 0. Its gradient is the same function of dy. */
export function dropoutReference(x: HostTensor, rate: number, { seed, step, site }: DropoutName): HostTensor {
  const threshold = Math.round(rate * 2 ** 24);
  return host(x.shape, (i) => (hash(seed, step, site, i) >>> 8 >= threshold ? x.data[i]! / (1 - rate) : 0));
}
