import { host, type HostTensor } from "../case.ts";
import type { Activation } from "./linear.ts";

/** erf by its Taylor series, and by the continued fraction of erfc where that converges faster; to about 1e-15. */
function erf(x: number): number {
  if (x < 0) return -erf(-x);
  if (x > 3) {
    let fraction = 0;
    for (let n = 60; n >= 1; n--) fraction = n / 2 / (x + fraction);
    return 1 - Math.exp(-x * x) / (Math.sqrt(Math.PI) * (x + fraction));
  }
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const normalCdf = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));
const normalDensity = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);

const functions: Record<Activation, (x: number) => number> = {
  none: (x) => x,
  relu: (x) => Math.max(x, 0),
  silu: (x) => x * sigmoid(x),
  gelu: (x) => x * normalCdf(x),
  sigmoid,
  tanh: Math.tanh,
};

const derivatives: Record<Activation, (x: number) => number> = {
  none: () => 1,
  relu: (x) => (x > 0 ? 1 : 0),
  silu: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  gelu: (x) => normalCdf(x) + x * normalDensity(x),
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};

/** x Wᵀ + b, with weight [out, in]. */
function preActivation(x: HostTensor, weight: HostTensor, bias: HostTensor | undefined): HostTensor {
  const [outputs, inputs] = weight.shape as [number, number];
  return host([...x.shape.slice(0, -1), outputs], (i) => {
    const [row, output] = [Math.floor(i / outputs), i % outputs];
    let sum = bias?.data[output] ?? 0;
    for (let k = 0; k < inputs; k++) sum += x.data[row * inputs + k]! * weight.data[output * inputs + k]!;
    return sum;
  });
}

/** y = activation(x Wᵀ + b). */
export function linearReference(
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor | undefined,
  activation: Activation,
): HostTensor {
  const pre = preActivation(x, weight, bias);
  return host(pre.shape, (i) => functions[activation](pre.data[i]!));
}

/** With g = dy · activation'(pre):  dx = g W,  dW = gᵀ x,  db = Σ over rows of g. */
export function linearGradients(
  x: HostTensor,
  weight: HostTensor,
  bias: HostTensor | undefined,
  dy: HostTensor,
  activation: Activation,
) {
  const [outputs, inputs] = weight.shape as [number, number];
  const pre = preActivation(x, weight, bias);
  const dx = host(x.shape, () => 0);
  const dweight = host(weight.shape, () => 0);
  const dbias = host([outputs], () => 0);
  pre.data.forEach((value, i) => {
    const [row, output] = [Math.floor(i / outputs), i % outputs];
    const g = dy.data[i]! * derivatives[activation](value);
    dbias.data[output]! += g;
    for (let k = 0; k < inputs; k++) {
      dx.data[row * inputs + k]! += g * weight.data[output * inputs + k]!;
      dweight.data[output * inputs + k]! += g * x.data[row * inputs + k]!;
    }
  });
  return { x: dx, weight: dweight, ...(bias ? { bias: dbias } : {}) };
}
