import { sameShape, sizeOf, stridesOf, type Shape } from "../../engine/shape.ts";

/** How a kernel that sees a tensor as `[*, second, third, cols]` walks a mask: 0 is the stride of a broadcast axis. */
export interface MaskLayout {
  second: number;
  third: number;
  stride_0: number;
  stride_1: number;
  stride_2: number;
  stride_3: number;
}

/** Strides of `mask` over the axes of `shape`, or undefined if it does not broadcast to it. */
export function broadcastStrides(mask: Shape, shape: Shape): MaskLayout | undefined {
  if (sameShape(mask, shape)) {
    const cols = shape.at(-1) as number;
    return layoutOf([1, 1, sizeOf(shape.slice(0, -1)), cols], [0, 0, cols, 1]);
  }
  if (mask.length > shape.length || shape.length > 4) return undefined;
  const ones = (count: number): number[] => new Array<number>(count).fill(1);
  const full = [...ones(4 - shape.length), ...shape];
  const own = [...ones(4 - mask.length), ...mask];
  if (own.some((n, axis) => n !== 1 && n !== full[axis])) return undefined;
  return layoutOf(
    full,
    stridesOf(own).map((stride, axis) => (own[axis] === 1 ? 0 : stride)),
  );
}

function layoutOf(shape: readonly number[], strides: readonly number[]): MaskLayout {
  const [, second = 1, third = 1] = shape;
  const [stride_0 = 0, stride_1 = 0, stride_2 = 0, stride_3 = 0] = strides;
  return { second, third, stride_0, stride_1, stride_2, stride_3 };
}
