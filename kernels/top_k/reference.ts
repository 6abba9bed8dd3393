import { host, type HostTensor } from "../case.ts";

/** For each line along the middle axis of three, the positions of its k largest elements in the data, in descending order. */
function selected(x: HostTensor, k: number): number[] {
  const [outer, count, inner] = x.shape as [number, number, number];
  const places = new Array<number>(outer * k * inner);
  for (let line = 0; line < outer * inner; line++) {
    const start = Math.floor(line / inner) * count * inner + (line % inner);
    Array.from({ length: count }, (_, j) => start + j * inner)
      .sort((p, q) => x.data[q]! - x.data[p]! || p - q)
      .slice(0, k)
      .forEach((at, rank) => (places[(Math.floor(line / inner) * k + rank) * inner + (line % inner)] = at));
  }
  return places;
}

const shapeOf = (x: HostTensor, k: number): number[] => [x.shape[0]!, k, x.shape[2]!];

export function topKReference(x: HostTensor, k: number): HostTensor {
  const places = selected(x, k);
  return host(shapeOf(x, k), (i) => x.data[places[i]!]!);
}

export function topKIndices(x: HostTensor, k: number): HostTensor {
  const [, count, inner] = x.shape as [number, number, number];
  const places = selected(x, k);
  return host(shapeOf(x, k), (i) => Math.floor(places[i]! / inner) % count);
}

export function topKGradient(x: HostTensor, k: number, dy: HostTensor): HostTensor {
  const dx = host(x.shape, () => 0);
  selected(x, k).forEach((at, i) => (dx.data[at]! += dy.data[i]!));
  return dx;
}
