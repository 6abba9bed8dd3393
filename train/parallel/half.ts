// Float32 to binary16 and back on the host, for what goes over the wire: Node has no Float16Array before version 24.

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The value of each of the 65,536 halves. */
const VALUES = Float32Array.from({ length: 2 ** 16 }, (_, half) => {
  const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
});

/** The nearest half of `scale` times each value, ties to even; infinity from 65,520 on. */
export function toHalves(values: Float32Array, scale: number, halves: Uint16Array): void {
  for (let i = 0; i < values.length; i++) {
    float[0] = (values[i] as number) * scale;
    halves[i] = nearestHalf(bits[0] as number);
  }
}

/** Adds `factor` times each half's value to as many sums as there are. */
export function fromHalves(halves: Uint16Array, sums: Float32Array, factor = 1): void {
  for (let i = 0; i < sums.length; i++)
    sums[i] = (sums[i] as number) + factor * (VALUES[halves[i] as number] as number);
}

/** Of a float's bits. */
function nearestHalf(of: number): number {
  const sign = (of >>> 16) & 0x8000;
  const size = of & 0x7fff_ffff;
  if (size > 0x7f80_0000) return sign | 0x7e00; // not a number
  if (size >= 0x477f_f000) return sign | 0x7c00;
  // Normal halves: another bias of the exponent, 13 bits fewer; a carry of the rounding goes on into the exponent.
  if (size >= 0x3880_0000) return sign | ((size - 0x3800_0000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
  if (size <= 0x3300_0000) return sign; // up to half of the least one
  // Subnormal ones count in 2^-24: the fraction, with its leading 1, moves right, and what leaves it rounds.
  const shift = 126 - (size >>> 23);
  const fraction = (size & 0x7f_ffff) | 0x80_0000;
  const whole = fraction >>> shift;
  const rest = fraction & (2 ** shift - 1);
  const tie = 2 ** (shift - 1);
  return sign | (whole + Number(rest > tie || (rest === tie && whole % 2 === 1)));
}
