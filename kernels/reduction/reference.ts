import type { Shape } from "../../engine/shape.ts";
import { stretchedIndex } from "../axes.ts";
import { host, type HostTensor } from "../case.ts";

/** Reduces a group of numbers to one, with the derivative with respect to each of them. */
export interface Reduction {
  readonly value: (group: readonly number[]) => number;
  readonly derivatives: (group: readonly number[]) => readonly number[];
}

const total = (group: readonly number[]): number => group.reduce((sum, x) => sum + x, 0);
const average = (group: readonly number[]): number => total(group) / group.length;
const maximum = (group: readonly number[]): number => group.reduce((a, b) => Math.max(a, b));
const ties = (group: readonly number[]): number => group.filter((x) => x === maximum(group)).length;
const logSumExp = (group: readonly number[]): number =>
  maximum(group) === -Infinity
    ? -Infinity
    : maximum(group) + Math.log(total(group.map((x) => Math.exp(x - maximum(group)))));

export const reductions = {
  sum: { value: total, derivatives: (group) => group.map(() => 1) },
  mean: { value: average, derivatives: (group) => group.map(() => 1 / group.length) },
  max: {
    value: maximum,
    derivatives: (group) => {
      const [top, count] = [maximum(group), ties(group)];
      return group.map((x) => (x === top ? 1 / count : 0));
    },
  },
  logSumExp: {
    value: logSumExp,
    derivatives: (group) => {
      const y = logSumExp(group);
      return group.map((x) => (y === -Infinity ? 0 : Math.exp(x - y)));
    },
  },
  variance: {
    value: (group) => {
      const mean = average(group);
      return average(group.map((x) => (x - mean) ** 2));
    },
    derivatives: (group) => {
      const mean = average(group);
      return group.map((x) => (2 / group.length) * (x - mean));
    },
  },
} satisfies Record<string, Reduction>;

/** Reduces x to `kept`: x's shape with 1 along the reduced axes. */
export function reductionReference({ value }: Reduction, x: HostTensor, kept: Shape): HostTensor {
  const groups = groupsOf(x, kept);
  return host(kept, (j) => value(groups[j]!.map((i) => x.data[i]!)));
}

export function reductionGradient({ derivatives }: Reduction, x: HostTensor, kept: Shape, dy: HostTensor): HostTensor {
  const dx = host(x.shape, () => 0);
  groupsOf(x, kept).forEach((group, j) => {
    const local = derivatives(group.map((i) => x.data[i]!));
    group.forEach((i, k) => (dx.data[i] = dy.data[j]! * local[k]!));
  });
  return dx;
}

/** The indices of the elements that each result is reduced from. */
function groupsOf(x: HostTensor, kept: Shape): number[][] {
  const groupOf = stretchedIndex(kept, x.shape);
  const groups = Array.from(host(kept, () => 0).data, (): number[] => []);
  x.data.forEach((_, i) => groups[groupOf(i)]!.push(i));
  return groups;
}
