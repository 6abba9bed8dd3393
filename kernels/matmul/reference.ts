import { host, type HostTensor } from "../case.ts";

/** y = op(a) · op(b) of matrices; op transposes if requested. */
function product(a: HostTensor, b: HostTensor, transposeA: boolean, transposeB: boolean): HostTensor {
  const [rows, inner] = lastTwo(a, transposeA);
  const cols = lastTwo(b, transposeB)[1];
  return host([rows, cols], (i) => {
    const [row, col] = [Math.floor(i / cols), i % cols];
    let sum = 0;
    for (let k = 0; k < inner; k++)
      sum +=
        a.data[transposeA ? k * rows + row : row * inner + k]! * b.data[transposeB ? col * inner + k : k * cols + col]!;
    return sum;
  });
}

/** The product of every pair of matrices over the broadcast leading axes. */
export function matmulReference(a: HostTensor, b: HostTensor, transposeA: boolean, transposeB: boolean): HostTensor {
  const { shape, pairs } = pairMatrices(a, b);
  const [rows, cols] = [lastTwo(a, transposeA)[0], lastTwo(b, transposeB)[1]];
  const y = host([...shape, rows, cols], () => 0);
  pairs.forEach(([ma, mb], i) =>
    y.data.set(product(matrix(a, ma), matrix(b, mb), transposeA, transposeB).data, i * rows * cols),
  );
  return y;
}

/** d op(a) = dy · op(b)ᵀ and d op(b) = op(a)ᵀ · dy, summed over the repeats of a matrix. */
export function matmulGradients(
  a: HostTensor,
  b: HostTensor,
  dy: HostTensor,
  transposeA: boolean,
  transposeB: boolean,
) {
  const da = host(a.shape, () => 0);
  const db = host(b.shape, () => 0);
  pairMatrices(a, b).pairs.forEach(([ma, mb], i) => {
    const [A, B, DY] = [matrix(a, ma), matrix(b, mb), matrix(dy, i)];
    add(da, ma, transposeA ? product(B, DY, transposeB, true) : product(DY, B, false, !transposeB));
    add(db, mb, transposeB ? product(DY, A, true, transposeA) : product(A, DY, !transposeA, false));
  });
  return { a: da, b: db };
}

/** For every matrix of the result, in order, the indices of its two factors. */
function pairMatrices(a: HostTensor, b: HostTensor): { shape: number[]; pairs: [number, number][] } {
  const [la, lb] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rank = Math.max(la.length, lb.length);
  const pad = (leading: readonly number[]) => [...Array<number>(rank - leading.length).fill(1), ...leading];
  const [pa, pb] = [pad(la), pad(lb)];
  const shape = pa.map((n, axis) => Math.max(n, pb[axis]!));
  let pairs: [number, number][] = [[0, 0]];
  shape.forEach((size, axis) => {
    const [na, nb] = [pa[axis]!, pb[axis]!];
    pairs = pairs.flatMap(([ia, ib]) =>
      Array.from({ length: size }, (_, i): [number, number] => [ia * na + (i % na), ib * nb + (i % nb)]),
    );
  });
  return { shape, pairs };
}

function matrix(x: HostTensor, index: number): HostTensor {
  const shape = x.shape.slice(-2);
  const size = shape[0]! * shape[1]!;
  return { shape, data: x.data.subarray(index * size, (index + 1) * size) };
}

function add(total: HostTensor, index: number, part: HostTensor): void {
  part.data.forEach((value, i) => (total.data[index * part.data.length + i]! += value));
}

function lastTwo({ shape }: HostTensor, transposed: boolean): [number, number] {
  const [m, n] = shape.slice(-2) as [number, number];
  return transposed ? [n, m] : [m, n];
}
