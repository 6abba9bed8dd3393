import { stridesOf } from "../../engine/shape.ts";
import type { HostTensor } from "../../kernels/case.ts";

/** The element that comes nearest to its tolerance, or exceeds it by most. */
export interface LargestError {
  /** What was compared: "y", "dx". */
  readonly of: string;
  /** |got - expected| */
  readonly error: number;
  /** The most that the tolerance allows there. */
  readonly allowed: number;
}

export interface Agreement {
  /** Over the finite values; of 0 if there are none. */
  readonly largest: LargestError;
  /** How many values do not agree, and the first of them; undefined if all do. */
  readonly problem: string | undefined;
}

type Tolerance = { readonly rtol: number; readonly atol: number };

/**
 * Compares a kernel's result with its reference: |got - expected| ≤ atol · largest + rtol · |expected|, where `largest`
 * is the largest finite magnitude in the reference. Infinities and NaN must be the same on both sides.
 */
export function measureAgreement(
  label: string,
  got: ArrayLike<number>,
  expected: HostTensor,
  { rtol, atol }: Tolerance,
): Agreement {
  const { shape, data } = expected;
  let largest: LargestError = { of: label, error: 0, allowed: 0 };
  if (got.length !== data.length)
    return { largest, problem: `${label}: expected ${data.length} values, got ${got.length}` };
  const scale = data.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 1e-30);
  let [bad, first, most] = [0, -1, -1];
  for (let i = 0; i < data.length; i++) {
    const a = got[i]!;
    const e = Math.fround(data[i]!); // so that overflow gives the same infinity
    const finite = Number.isFinite(a) && Number.isFinite(e);
    if (!finite && Object.is(a, e)) continue;
    const [error, allowed] = finite ? [Math.abs(a - e), atol * scale + rtol * Math.abs(e)] : [Infinity, 0];
    if (error / allowed > most) {
      most = error / allowed;
      largest = { of: label, error, allowed };
    }
    if (error <= allowed) continue;
    if (bad++ === 0) first = i;
  }
  if (bad === 0) return { largest, problem: undefined };
  const at = stridesOf(shape).map((stride, axis) => Math.floor(first / stride) % shape[axis]!);
  const problem = `${label}: ${bad} of ${data.length} values differ; first at [${at.join(", ")}]: expected ${Math.fround(data[first]!)}, got ${got[first]}`;
  return { largest, problem };
}

/** What differs, by the same comparison; undefined if all agree. */
export const compare = (
  label: string,
  got: ArrayLike<number>,
  expected: HostTensor,
  tolerance: Tolerance,
): string | undefined => measureAgreement(label, got, expected, tolerance).problem;

/** The one nearer to its tolerance. */
export const worse = (a: LargestError, b: LargestError): LargestError =>
  b.error * a.allowed > a.error * b.allowed ? b : a;
