import { host, type HostTensor } from "../case.ts";

/** A row's positions, as indices into the data. */
type Row = readonly number[];

/** The rows of a tensor along an axis, each without the positions whose mask is 0. */
export function rowsAlong(x: HostTensor, axis: number, keep: (i: number) => boolean = () => true): Row[] {
  const cols = x.shape[axis] as number;
  const inner = x.shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const rows: number[][] = Array.from({ length: x.data.length / cols }, () => []);
  for (let i = 0; i < x.data.length; i++)
    if (keep(i)) (rows[Math.floor(i / (cols * inner)) * inner + (i % inner)] as number[]).push(i);
  return rows;
}

/** exp(x) / Σ exp(x) over each row, or its logarithm; 0 or -∞ at positions of no row. */
export function softmaxReference(x: HostTensor, rows: readonly Row[], log: boolean): HostTensor {
  const y = host(x.shape, () => (log ? -Infinity : 0));
  for (const row of rows) {
    const rowMax = Math.max(...row.map((i) => at(x, i)));
    const logSum = Math.log(row.reduce((sum, i) => sum + Math.exp(at(x, i) - rowMax), 0));
    for (const i of row) y.data[i] = log ? at(x, i) - rowMax - logSum : Math.exp(at(x, i) - rowMax - logSum);
  }
  return y;
}

/** dx = p · (dy - Σ p dy), of the logarithm dx = dy - p · Σ dy, with p = softmax(x). */
export function softmaxGradients(x: HostTensor, rows: readonly Row[], log: boolean, dy: HostTensor) {
  const p = softmaxReference(x, rows, false);
  const dx = host(x.shape, () => 0);
  for (const row of rows) {
    const sum = row.reduce((total, i) => total + at(dy, i) * (log ? 1 : at(p, i)), 0);
    for (const i of row) dx.data[i] = log ? at(dy, i) - at(p, i) * sum : at(p, i) * (at(dy, i) - sum);
  }
  return { x: dx };
}

const at = (x: HostTensor, i: number): number => x.data[i] as number;
