import { broadcastShapes, sizeOf } from "../../engine/shape.ts";
import { stretchedIndex } from "../axes.ts";
import { host, type HostTensor, type KernelCase } from "../case.ts";

/** y = f(x) and dy/dx, of one number. */
export interface Curve {
  readonly value: (x: number) => number;
  readonly derivative: (x: number) => number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const bell = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Φ(x) = ½ + φ(x) · (x + x³/3 + x⁵/(3·5) + …): all terms have one sign, so nothing cancels (Marsaglia, 2004). */
export function normalDistribution(x: number): number {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1;
  let term = x;
  let sum = x;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) sum += term *= (x * x) / n;
  return 0.5 + bell(x) * sum;
}

/** The argument of the tanh form of gelu, doubled: x · sigmoid(u) = x/2 · (1 + tanh(u/2)). */
const geluArgument = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const geluArgumentSlope = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (1 + 0.134145 * x ** 2);

export const curves = {
  neg: { value: (x) => -x, derivative: () => -1 },
  abs: { value: Math.abs, derivative: Math.sign },
  square: { value: (x) => x * x, derivative: (x) => 2 * x },
  exp: { value: Math.exp, derivative: Math.exp },
  log: { value: Math.log, derivative: (x) => 1 / x },
  sqrt: { value: Math.sqrt, derivative: (x) => 0.5 / Math.sqrt(x) },
  rsqrt: { value: (x) => 1 / Math.sqrt(x), derivative: (x) => -0.5 * x ** -1.5 },
  reciprocal: { value: (x) => 1 / x, derivative: (x) => -1 / (x * x) },
  sigmoid: { value: sigmoid, derivative: (x) => sigmoid(x) * sigmoid(-x) },
  tanh: { value: Math.tanh, derivative: (x) => 1 / Math.cosh(x) ** 2 },
  relu: { value: (x) => Math.max(x, 0), derivative: (x) => (x > 0 ? 1 : 0) },
  gelu: { value: (x) => x * normalDistribution(x), derivative: (x) => normalDistribution(x) + x * bell(x) },
  geluTanh: {
    value: (x) => x * sigmoid(geluArgument(x)),
    derivative: (x) =>
      sigmoid(geluArgument(x)) + x * sigmoid(geluArgument(x)) * sigmoid(-geluArgument(x)) * geluArgumentSlope(x),
  },
  silu: { value: (x) => x * sigmoid(x), derivative: (x) => sigmoid(x) + x * sigmoid(x) * sigmoid(-x) },
  sin: { value: Math.sin, derivative: Math.cos },
  cos: { value: Math.cos, derivative: (x) => -Math.sin(x) },
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), derivative: sigmoid },
} satisfies Record<string, Curve>;

/** Turns a case of an operation h into one of curve(h) in the same kernel: the gradient of h is dy · curve'(h). */
export function followedBy({ value, derivative }: Curve, inner: KernelCase): KernelCase {
  return {
    ...inner,
    reference(inputs) {
      const h = inner.reference(inputs);
      return host(h.shape, (i) => value(h.data[i]!));
    },
    referenceGradients(inputs, dy) {
      const h = inner.reference(inputs);
      return inner.referenceGradients!(
        inputs,
        host(h.shape, (i) => dy.data[i]! * derivative(h.data[i]!)),
      );
    },
  };
}

/** y = p ∘ q of two numbers, with its two derivatives. */
export interface Surface {
  readonly value: (p: number, q: number) => number;
  readonly derivatives: (p: number, q: number) => readonly [number, number];
}

const share = (p: number, q: number): number => (p > q ? 1 : p < q ? 0 : 0.5);

export const surfaces = {
  add: { value: (p, q) => p + q, derivatives: () => [1, 1] },
  sub: { value: (p, q) => p - q, derivatives: () => [1, -1] },
  mul: { value: (p, q) => p * q, derivatives: (p, q) => [q, p] },
  div: { value: (p, q) => p / q, derivatives: (p, q) => [1 / q, -p / q ** 2] },
  maximum: { value: Math.max, derivatives: (p, q) => [share(p, q), share(q, p)] },
  pow: {
    value: Math.pow,
    derivatives: (p, q) => [q * p ** (q - 1), p ** q * Math.log(p)],
  },
  minimum: { value: Math.min, derivatives: (p, q) => [share(q, p), share(p, q)] },
} satisfies Record<string, Surface>;

export const comparisons = {
  equal: (p, q) => p === q,
  notEqual: (p, q) => p !== q,
  less: (p, q) => p < q,
  lessEqual: (p, q) => p <= q,
  greater: (p, q) => p > q,
  greaterEqual: (p, q) => p >= q,
} satisfies Record<string, (p: number, q: number) => boolean>;

export function binaryReference({ value }: Pick<Surface, "value">, a: HostTensor, b: HostTensor): HostTensor {
  const shape = broadcastShapes("binary", a.shape, b.shape);
  const [inA, inB] = [stretchedIndex(a.shape, shape), stretchedIndex(b.shape, shape)];
  return host(shape, (i) => value(a.data[inA(i)]!, b.data[inB(i)]!));
}

/** An operand that repeats gets the sum over its repetitions. */
export function binaryGradients({ derivatives }: Surface, a: HostTensor, b: HostTensor, dy: HostTensor) {
  const [inA, inB] = [stretchedIndex(a.shape, dy.shape), stretchedIndex(b.shape, dy.shape)];
  const [da, db] = [host(a.shape, () => 0), host(b.shape, () => 0)];
  for (let i = 0; i < sizeOf(dy.shape); i++) {
    const [toA, toB] = derivatives(a.data[inA(i)]!, b.data[inB(i)]!);
    da.data[inA(i)]! += toA * dy.data[i]!;
    db.data[inB(i)]! += toB * dy.data[i]!;
  }
  return { a: da, b: db };
}

/** condition ? a : b, all three stretched to one shape. */
export function whereReference(condition: HostTensor, a: HostTensor, b: HostTensor): HostTensor {
  const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape));
  const [inC, inA, inB] = [condition, a, b].map((x) => stretchedIndex(x.shape, shape)) as [Index, Index, Index];
  return host(shape, (i) => (condition.data[inC(i)] ? a.data[inA(i)]! : b.data[inB(i)]!));
}

type Index = (i: number) => number;

export function whereGradients(condition: HostTensor, a: HostTensor, b: HostTensor, dy: HostTensor) {
  const [inC, inA, inB] = [condition, a, b].map((x) => stretchedIndex(x.shape, dy.shape)) as [Index, Index, Index];
  const [da, db] = [host(a.shape, () => 0), host(b.shape, () => 0)];
  dy.data.forEach((g, i) => (condition.data[inC(i)] ? (da.data[inA(i)]! += g) : (db.data[inB(i)]! += g)));
  return { a: da, b: db };
}

/** x [batch, frames, channels] with 0 from frame lengths[b] on; its gradient is the same function of dy. */
export function maskFramesReference(x: HostTensor, lengths: HostTensor): HostTensor {
  const [, frames, channels] = x.shape as [number, number, number];
  return host(x.shape, (i) => {
    const row = Math.floor(i / channels);
    return row % frames < lengths.data[Math.floor(row / frames)]! ? x.data[i]! : 0;
  });
}
