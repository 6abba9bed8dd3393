// Work that mostly multiplies: matrix products and attention; and the CTC loss, which is bound by neither.
import { attention } from "../../../kernels/attention/attention.ts";
import { attentionGradients, attentionReference } from "../../../kernels/attention/reference.ts";
import { host } from "../../../kernels/case.ts";
import { ctcLoss } from "../../../kernels/ctc_loss/ctc_loss.ts";
import { ctcGradients, ctcReference } from "../../../kernels/ctc_loss/reference.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { part, someOf, type LargeCase } from "./case.ts";

const FLOAT = 4; // bytes

/** y = op(a) · op(b): N plain, T transposed. */
export function matmulCase(
  [rows, cols, inner]: readonly [number, number, number],
  kind: "NN" | "NT" | "TN",
  half: boolean,
): LargeCase {
  const transposeA = kind[0] === "T";
  const transposeB = kind[1] === "T";
  const a = (i: number, k: number): number => (transposeA ? k * rows + i : i * inner + k);
  const b = (k: number, j: number): number => (transposeB ? j * inner + k : k * cols + j);
  const y = (i: number, j: number): number => i * cols + j;
  const flops = 2 * rows * cols * inner;
  const bytes = (half ? 2 : FLOAT) * (rows * inner + inner * cols + rows * cols);
  return {
    name: `matmul ${half ? "f16" : "f32"} ${kind}`,
    bound: half ? "f16" : "f32",
    inputs: {
      a: { shape: transposeA ? [inner, rows] : [rows, inner], half },
      b: { shape: transposeB ? [cols, inner] : [inner, cols], half },
    },
    run: (tape, inputs) => matmul(tape, inputs.a!, inputs.b!, { transposeA, transposeB }),
    forward: { flops, bytes },
    both: { flops: 3 * flops, bytes: 3 * bytes },
    spots: (values) => {
      const [A, B, dY] = [values("a"), values("b"), values("dy")];
      const pairs = (m: number, n: number): [number, number][] =>
        someOf(m * n, 200).map((i) => [Math.floor(i / n), i % n]);
      const spots = (
        of: string,
        places: readonly [number, number][],
        at: (i: number, j: number) => number,
        count: number,
        term: (i: number, j: number, k: number) => number,
      ) => ({
        of,
        at: places.map(([i, j]) => at(i, j)),
        expected: places.map(([i, j]) => {
          let sum = 0;
          for (let k = 0; k < count; k++) sum += term(i, j, k);
          return sum;
        }),
      });
      return [
        spots("y", pairs(rows, cols), y, inner, (i, j, k) => A(a(i, k)) * B(b(k, j))),
        spots("a", pairs(rows, inner), a, cols, (i, k, j) => dY(y(i, j)) * B(b(k, j))),
        spots("b", pairs(inner, cols), b, rows, (k, j, i) => A(a(i, k)) * dY(y(i, j))),
      ];
    },
  };
}

/**
 * Self-attention. Heads are independent, so the last head of the last utterance alone is a smaller attention with the
 * same results. The gradients of positions and biases, which sum over all utterances, are left to the tests.
 */
export function attentionCase(
  [batch, heads, frames, width]: readonly [number, number, number, number],
  relative: boolean,
): LargeCase {
  const dim = heads * width;
  const shape = [batch, frames, dim];
  const products = 2 * batch * heads * frames * frames * width; // of one product over all pairs of query and key
  const range = { scale: 2, offset: 0 };
  return {
    name: relative ? "attention_relative" : "attention",
    bound: "f32",
    inputs: {
      q: { shape, range },
      k: { shape, range },
      value: { shape },
      ...(relative
        ? { p: { shape: [2 * frames - 1, dim] }, u: { shape: [heads, width] }, v: { shape: [heads, width] } }
        : {}),
    },
    run: (tape, { q, k, value, p, u, v }) =>
      attention(tape, q!, k!, value!, {
        heads,
        ...(relative ? { relative: { positions: p!, contentBias: u!, positionBias: v! } } : {}),
      }),
    // Scores and values; backward computes the scores again and then four products (with positions one and two more).
    forward: { flops: (relative ? 3 : 2) * products, bytes: FLOAT * 4 * batch * frames * dim },
    both: { flops: (relative ? 10 : 7) * products, bytes: FLOAT * 12 * batch * frames * dim },
    spots: (values) => {
      const [b, h] = [batch - 1, heads - 1];
      const ofFrames =
        (first: number) =>
        (i: number): number =>
          (first + Math.floor(i / width)) * dim + h * width + (i % width);
      const own = ofFrames(b * frames);
      const ofHead = (i: number): number => h * width + i;
      const [q, k, value, dy] = ["q", "k", "value", "dy"].map((name) => part(values(name), [1, frames, width], own));
      const positions = relative && {
        p: part(values("p"), [2 * frames - 1, width], ofFrames(0)),
        u: part(values("u"), [1, width], ofHead),
        v: part(values("v"), [1, width], ofHead),
      };
      const alone = { q: q!, k: k!, value: value!, ...(positions || {}) };
      const gradients = attentionGradients(alone, dy!, { heads: 1 });
      const seen = someOf(frames * width, 800);
      const spots = (of: string, data: Float64Array) => ({
        of,
        at: seen.map(own),
        expected: seen.map((i) => data[i] as number),
      });
      return [
        spots("y", attentionReference(alone, { heads: 1 }).data),
        ...["q", "k", "value"].map((name) => spots(name, gradients[name]!.data)),
      ];
    },
  };
}

/** Forward reads the logits; backward reads them too and writes as much. The arithmetic of the lattice hardly counts. */
export function ctcCase([batch, frames, labels, classes]: readonly [number, number, number, number]): LargeCase {
  const size = batch * frames * classes;
  const integers = {
    targets: { shape: [batch, labels], integers: (i: number) => 1 + ((Math.floor(i / 2) * 5) % (classes - 1)) },
    inputLengths: { shape: [batch], integers: () => frames },
    targetLengths: { shape: [batch], integers: () => labels },
  };
  const options = { blank: 0, reduction: "batch", fromLogProbs: false } as const;
  return {
    name: "ctc",
    bound: "memory",
    inputs: { logits: { shape: [batch, frames, classes], range: { scale: 4, offset: 0 } }, ...integers },
    run: (tape, { logits, targets, inputLengths, targetLengths }) =>
      ctcLoss(tape, logits!, targets!, inputLengths!, targetLengths!, options),
    forward: { flops: 4 * size, bytes: FLOAT * size },
    both: { flops: 8 * size, bytes: FLOAT * 3 * size },
    spots: (values) => {
      const whole = Object.fromEntries(
        Object.entries(integers).map(([name, { shape, integers: value }]) => [name, host(shape, value)]),
      );
      const inputs = { logits: host([batch, frames, classes], values("logits")), ...whole };
      const at = someOf(size, 1000);
      const gradient = ctcGradients(inputs, options, host([1], values("dy"))).logits.data;
      return [
        { of: "y", at: [0], expected: ctcReference(inputs, options).data },
        { of: "logits", at, expected: at.map((i) => gradient[i] as number) },
      ];
    },
  };
}
