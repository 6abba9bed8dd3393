import { sizeOf, stridesOf, type Shape } from "../../engine/shape.ts";
import { host, type HostInputs, type HostTensor } from "../case.ts";

/** Where an element of the result comes from: an element of one of the inputs, or nowhere. */
export interface Origin {
  readonly input: string;
  readonly at: readonly number[];
}
export type Origins = (coordinates: readonly number[]) => Origin | undefined;

/** y[c] = the element at origin(c), or `fill` where there is none. */
export function movedReference(inputs: HostInputs, shape: Shape, origins: Origins, fill = 0): HostTensor {
  return host(shape, (i) => {
    const origin = origins(coordinatesOf(i, shape));
    return origin ? inputs[origin.input]!.data[indexOf(origin.at, inputs[origin.input]!.shape)]! : fill;
  });
}

/** Each element's gradient is the sum over all its copies. */
export function movedGradients(inputs: HostInputs, dy: HostTensor, origins: Origins): Record<string, HostTensor> {
  const gradients = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, host(shape, () => 0)]));
  for (let i = 0; i < sizeOf(dy.shape); i++) {
    const origin = origins(coordinatesOf(i, dy.shape));
    if (origin) gradients[origin.input]!.data[indexOf(origin.at, gradients[origin.input]!.shape)]! += dy.data[i]!;
  }
  return gradients;
}

const coordinatesOf = (i: number, shape: Shape): number[] =>
  stridesOf(shape).map((stride, axis) => Math.floor(i / stride) % shape[axis]!);

const indexOf = (at: readonly number[], shape: Shape): number =>
  stridesOf(shape).reduce((sum, stride, axis) => sum + stride * at[axis]!, 0);
