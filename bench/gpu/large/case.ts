import type { Shape } from "../../../engine/shape.ts";
import type { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { hash } from "../../../engine/random.ts";
import { host, type HostTensor } from "../../../kernels/case.ts";
import type { Range } from "./random_values.ts";

/** An input too large to keep on the host: random values that can be recomputed one by one. */
export interface LargeInput {
  readonly shape: Shape;
  /** Default: uniform in [-1, 1). */
  readonly range?: Range;
  readonly half?: boolean;
  /** Integers, uploaded: they have no gradient. */
  readonly integers?: (i: number) => number;
}

/** Elements of the output ("y") or of an input's gradient, and their expected values, computed from the inputs in float64. */
export interface Spots {
  readonly of: string;
  readonly at: readonly number[];
  readonly expected: ArrayLike<number>;
}

/** Element i of an input, by name; "dy" is the gradient that backward starts from. */
export type Values = (name: string) => (i: number) => number;

/** Work at a size beyond the caches, checked only at some elements, as checking everything would take the host minutes. */
export interface LargeCase {
  /** The name of the same work in torch_reference.py. */
  readonly name: string;
  /** What it should be limited by. */
  readonly bound: "memory" | "f32" | "f16";
  readonly inputs: Readonly<Record<string, LargeInput>>;
  readonly run: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /**
   * Arithmetic and bytes that must be moved: in a forward pass, and in a forward and a backward pass (absent if it has
   * none).
   */
  readonly forward: Cost;
  readonly both?: Cost;
  readonly spots: (values: Values) => Spots[];
}

export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Up to `count` scattered numbers below `size`, including the first and the last. */
export const someOf = (size: number, count: number): number[] => {
  const inner = Array.from({ length: Math.max(0, Math.min(count, size) - 2) }, (_, i) => hash(size, i) % size);
  return [...new Set([0, size - 1, ...inner])].sort((a, b) => a - b);
};

/** A part of a large tensor as a host tensor: element i of the part is element `origin(i)` of the whole. */
export const part = (value: (i: number) => number, shape: Shape, origin: (i: number) => number): HostTensor =>
  host(shape, (i) => value(origin(i)));
