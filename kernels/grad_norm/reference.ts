import { host, type HostTensor } from "../case.ts";

/** √(Σ x²) */
export const globalNormReference = (x: HostTensor): HostTensor => host([1], () => norm(x));

/** min(1, maxNorm / (‖x‖ + 1e-6)) */
export const clipFactorReference = (x: HostTensor, maxNorm: number): HostTensor =>
  host([1], () => Math.min(1, maxNorm / (norm(x) + 1e-6)));

const norm = ({ data }: HostTensor): number => Math.sqrt(data.reduce((sum, value) => sum + value * value, 0));
