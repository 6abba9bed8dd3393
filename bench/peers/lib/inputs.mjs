// Inputs are a hash of (seed, element), so that JavaScript and Python make the same numbers and nothing has to be shipped.
import { CTC } from "./work.mjs";

/** @param {readonly number[]} shape */
export const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);

/**
 * Uniform in [-0.5, 0.5), times `scale`, plus `shift`.
 * @param {number} seed the number of the input: 1 for the first
 * @param {readonly number[]} shape
 */
export function values(seed, shape, scale = 1, shift = 0) {
  return Float32Array.from(
    { length: sizeOf(shape) },
    (_, i) => (mix((i + Math.imul(seed, 0x9e3779b1)) >>> 0) / 2 ** 32 - 0.5) * scale + shift,
  );
}

/** The finaliser of MurmurHash3: every bit of the result depends on every bit of x. */
function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Parameters of the MLP in the order scale, shift, W1, b1, W2, b2: [seed, shape, scale, shift]. Its x is input 1, the target y input 2. */
export const MLP = [
  [3, [256], 1, 1],
  [4, [256], 1, 0],
  [5, [256, 1024], 0.125, 0],
  [6, [1024], 0.1, 0],
  [7, [1024, 256], 0.0625, 0],
  [8, [256], 0.1, 0],
];

/** Labels of the CTC loss, [batch, labels], from 1: class 0 is the blank. */
export function ctcLabels() {
  const { batch, labels, classes } = CTC;
  return Int32Array.from(values(2, [batch, labels]), (x) =>
    Math.min(classes - 1, 1 + Math.floor((x + 0.5) * (classes - 1))),
  );
}

/**
 * Reorders axes, for libraries whose own layout is another one.
 * @param {Float32Array} data
 * @param {readonly number[]} shape of `data`
 * @param {readonly number[]} axes the result's axis i is axis axes[i] of `data`
 */
export function permute(data, shape, axes) {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const [sizes, steps] = [axes.map((axis) => shape[axis]), axes.map((axis) => strides[axis])];
  return Float32Array.from({ length: data.length }, (_, i) => {
    let source = 0;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      source += (i % sizes[axis]) * steps[axis];
      i = Math.floor(i / sizes[axis]);
    }
    return data[source];
  });
}
