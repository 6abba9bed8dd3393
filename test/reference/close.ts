import type { ReferenceTensor } from "./reference_tensor.ts";

export interface Tolerance {
  rtol?: number;
  atol?: number;
  /** What came out as; checked against the expected shape if given. */
  shape?: readonly number[];
}

/**
 * Fails unless `got` has the expected values in row-major order: |got - expected| <= atol + rtol·|expected| for
 * floats, equality for integers, infinities and NaN. Padding (`expected.valid`) is not compared.
 *
 * Tolerances are the tensor's own unless given here, as a float16 path would.
 *
 * @throws Error naming case and tensor, the first bad index and the worst error
 */
export function expectClose(got: ArrayLike<number>, expected: ReferenceTensor, tolerance: Tolerance = {}): void {
  const { label, shape, values } = expected;
  if (values instanceof BigInt64Array) throw new Error(`${label}: comparing I64 is not supported.`);
  if (tolerance.shape && !sameShape(tolerance.shape, shape)) {
    throw new Error(`${label}: expected shape [${shape.join(", ")}], got [${tolerance.shape.join(", ")}].`);
  }
  if (got.length !== values.length) {
    throw new Error(`${label}: expected ${values.length} values of shape [${shape.join(", ")}], got ${got.length}.`);
  }

  const exact = !(values instanceof Float32Array);
  const rtol = exact ? 0 : (tolerance.rtol ?? expected.rtol);
  const atol = exact ? 0 : (tolerance.atol ?? expected.atol);
  if (rtol === undefined || atol === undefined) {
    throw new Error(`${label}: the book gives no tolerance for this tensor; pass rtol and atol.`);
  }

  const counts = counter(expected);
  let bad = 0;
  let compared = 0;
  let firstBad = -1;
  let worst = -1;
  let worstExcess = 0;
  for (let i = 0; i < values.length; i++) {
    if (!counts(i)) continue;
    compared++;
    const excess = excessOver(got[i] as number, values[i] as number, rtol, atol);
    if (excess <= 0) continue;
    bad++;
    if (firstBad < 0) firstBad = i;
    if (excess > worstExcess) [worst, worstExcess] = [i, excess];
  }
  if (bad === 0) return;
  const describe = (i: number) =>
    `[${coordinates(i, shape).join(", ")}] expected ${values[i]}, got ${got[i]} (off by ${Math.abs((got[i] as number) - (values[i] as number)).toPrecision(3)})`;
  throw new Error(
    `${label}: ${bad} of ${compared} values differ by more than ${atol} + ${rtol}·|expected|. ` +
      `First at ${describe(firstBad)}; worst at ${describe(worst)}.`,
  );
}

/** How far an element is beyond its tolerance; 0 or less is fine. Infinities and NaN must be the same on both sides. */
function excessOver(got: number, expected: number, rtol: number, atol: number): number {
  if (Object.is(got, expected) || got === expected) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(got - expected) - (atol + rtol * Math.abs(expected));
}

/** Tells whether the element at a flat index is real, not padding. */
function counter({ shape, valid, label }: ReferenceTensor): (index: number) => boolean {
  if (!valid) return () => true;
  const { lengths, axis } = valid;
  if (lengths.length !== shape[0]) throw new Error(`${label}: ${lengths.length} lengths for a batch of ${shape[0]}.`);
  const perBatch = product(shape.slice(1));
  const inner = product(shape.slice(axis + 1));
  const size = shape[axis] as number;
  return (index) => Math.floor(index / inner) % size < (lengths[Math.floor(index / perBatch)] as number);
}

function coordinates(index: number, shape: readonly number[]): number[] {
  const result: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    result.unshift(index % size);
    index = Math.floor(index / size);
  }
  return result;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
