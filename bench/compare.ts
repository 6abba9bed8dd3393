import { stridesOf } from "../engine/shape.ts";
import type { HostTensor } from "../kernels/case.ts";

/**
 * Compares a kernel's result with its reference: |got - expected| ≤ atol · largest + rtol · |expected|, where `largest`
 * is the largest finite magnitude in the reference. Infinities and NaN must be the same on both sides.
 *
 * @returns undefined if all agree, otherwise how many do not and the first of them
 */
export function compare(
  label: string,
  got: ArrayLike<number>,
  expected: HostTensor,
  tolerance: { rtol: number; atol: number },
): string | undefined {
  const { shape, data } = expected;
  if (got.length !== data.length) return `${label}: expected ${data.length} values, got ${got.length}`;
  const largest = data.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 1e-30);
  const agrees = (a: number, e: number): boolean =>
    Object.is(a, e) ||
    a === e ||
    (Number.isFinite(a) && Math.abs(a - e) <= tolerance.atol * largest + tolerance.rtol * Math.abs(e));

  let bad = 0;
  let first = -1;
  for (let i = 0; i < data.length; i++) {
    // The reference as float32, so that overflow gives the same infinity.
    if (agrees(got[i]!, Math.fround(data[i]!))) continue;
    if (bad++ === 0) first = i;
  }
  if (bad === 0) return undefined;
  const at = stridesOf(shape).map((stride, axis) => Math.floor(first / stride) % shape[axis]!);
  return `${label}: ${bad} of ${data.length} values differ; first at [${at.join(", ")}]: expected ${Math.fround(data[first]!)}, got ${got[first]}`;
}
