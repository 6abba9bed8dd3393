import { sizeOf, type Shape } from "../../engine/shape.ts";
import { host, type CaseInput, type KernelCase, type OperationCases } from "../case.ts";
import type { DType, FloatType } from "../../engine/tensor.ts";
import { addScaled } from "./add_scaled.ts";
import * as binary from "./binary.ts";
import { cast } from "./cast.ts";
import { maskFrames } from "./mask_frames.ts";
import {
  binaryGradients,
  binaryReference,
  comparisons,
  curves,
  maskFramesReference,
  surfaces,
  whereGradients,
  whereReference,
  type Curve,
  type Surface,
} from "./reference.ts";
import * as unary from "./unary.ts";
import { maskedFill, where } from "./where.ts";
import * as words from "./words.ts";

type More = Partial<KernelCase>;

function curveCase(name: string, curve: Curve, run: KernelCase["run"], shape: Shape, more: More = {}): KernelCase {
  return {
    name: `${name} ${shape.join(" x ")}`,
    inputs: { x: { shape } },
    run,
    reference: ({ x }) => host(x!.shape, (i) => curve.value(x!.data[i]!)),
    referenceGradients: ({ x }, dy) => ({ x: host(x!.shape, (i) => dy.data[i]! * curve.derivative(x!.data[i]!)) }),
    flops: sizeOf(shape),
    bytes: 8 * sizeOf(shape),
    ...more,
  };
}

/** Values that are exact in f16, so that only the operation rounds. */
const dyadic = (i: number): number => (((i * 37) % 129) - 64) / 16;

function castCase(from: FloatType, to: FloatType): KernelCase {
  return {
    name: `cast to ${from}, then to ${to}`,
    inputs: { x: { shape: [5, 13], value: dyadic } },
    run: (tape, { x }) => cast(tape, cast(tape, x!, from), to),
    reference: ({ x }) => x!,
    referenceGradients: (_, dy) => ({ x: dy }),
    flops: 0,
    bytes: 8 * 65,
    half: ["x"],
  };
}

function surfaceCase(
  name: string,
  surface: Surface,
  run: KernelCase["run"],
  a: Shape,
  b: Shape,
  more: More = {},
): KernelCase {
  const size = Math.max(sizeOf(a), sizeOf(b));
  return {
    name: `${name} [${a.join(", ")}] and [${b.join(", ")}]`,
    inputs: { a: { shape: a }, b: { shape: b } },
    run,
    reference: ({ a, b }) => binaryReference(surface, a!, b!),
    referenceGradients: ({ a, b }, dy) => binaryGradients(surface, a!, b!, dy),
    flops: size,
    bytes: 4 * (size + sizeOf(a) + sizeOf(b)),
    ...more,
  };
}

const positive = (i: number): number => 0.2 + ((i * 37) % 101) / 25;
const signed = (i: number): number => (i % 2 === 0 ? positive(i) : -positive(i));
const everyThird = (i: number): number => (i % 3 === 0 ? 1 : 0);

const curveCases = (Object.keys(curves) as (keyof typeof curves)[]).map((name) => {
  const domain = ["log", "sqrt", "rsqrt"].includes(name) ? positive : name === "reciprocal" ? signed : undefined;
  const shape = [3, 67];
  return curveCase(name, curves[name], (tape, { x }) => unary[name](tape, x!), shape, {
    inputs: { x: { shape, ...(domain && { value: domain }) } },
  });
});

const surfaceCases = (Object.keys(surfaces) as (keyof typeof surfaces)[]).flatMap((name) => {
  const shapes: [Shape, Shape][] = [
    [
      [5, 13],
      [5, 13],
    ],
    [[3, 7, 5], [5]],
    [
      [3, 1, 5],
      [1, 4, 1],
    ],
  ];
  return shapes.map(([a, b]) =>
    surfaceCase(name, surfaces[name], (tape, { a, b }) => binary[name](tape, a!, b!), a, b, {
      inputs: { a: { shape: a, ...(name === "pow" && { value: positive }) }, b: { shape: b, value: signed } },
    }),
  );
});

const clampCurve: Curve = {
  value: (x) => Math.min(Math.max(x, -0.7), 0.4),
  derivative: (x) => (x >= -0.7 && x <= 0.4 ? 1 : 0),
};
const half: Surface = { value: (p, q) => p + 0.5 * q, derivatives: () => [1, 0.5] };

function whereCase(condition: Shape, a: Shape, b: Shape): KernelCase {
  return {
    name: `where [${condition.join(", ")}], [${a.join(", ")}], [${b.join(", ")}]`,
    inputs: { condition: { shape: condition, dtype: "u32", value: everyThird }, a: { shape: a }, b: { shape: b } },
    run: (tape, { condition, a, b }) => where(tape, condition!, a!, b!),
    reference: ({ condition, a, b }) => whereReference(condition!, a!, b!),
    referenceGradients: ({ condition, a, b }, dy) => whereGradients(condition!, a!, b!, dy),
    flops: 0,
    bytes: 16 * sizeOf(a),
  };
}

/** Whole numbers from -3 to 3, or from 0 to 6, of which many are equal. */
function wordsCase(
  name: keyof typeof comparisons | "add" | "sub" | "mul",
  dtype: DType,
  a: Shape,
  b: Shape,
): KernelCase {
  const value = (i: number): number => ((i * 37) % 7) - (dtype === "u32" ? 0 : 3);
  const input = (shape: Shape): CaseInput => ({ shape, dtype, value, grad: false });
  const run = name in comparisons ? words[name as keyof typeof comparisons] : binary[name as "add"];
  const of = name in comparisons ? comparisons[name as keyof typeof comparisons] : surfaces[name as "add"].value;
  const wrapped = (x: number): number => (name === "sub" && dtype === "u32" ? x >>> 0 : x);
  return {
    name: `${name} of ${dtype} [${a.join(", ")}] and [${b.join(", ")}]`,
    inputs: { a: input(a), b: input(b) },
    run: (tape, { a, b }) => run(tape, a!, b!),
    reference: ({ a, b }) => binaryReference({ value: (p, q) => wrapped(Number(of(p, q))) }, a!, b!),
    flops: Math.max(sizeOf(a), sizeOf(b)),
    bytes: 12 * Math.max(sizeOf(a), sizeOf(b)),
  };
}

const wordsCases = (["f32", "i32", "u32"] as const).flatMap((dtype) => [
  ...(Object.keys(comparisons) as (keyof typeof comparisons)[]).map((name) => wordsCase(name, dtype, [5, 13], [13])),
  ...(dtype === "f32" ? [] : (["add", "sub", "mul"] as const).map((name) => wordsCase(name, dtype, [3, 1, 5], [4, 1]))),
]);

function maskFramesCase(batch: number, frames: number, channels: number, more: More = {}): KernelCase {
  const size = batch * frames * channels;
  return {
    name: `maskFrames ${batch} x ${frames} x ${channels}`,
    inputs: {
      x: { shape: [batch, frames, channels] },
      lengths: { shape: [batch], dtype: "i32", value: (b) => Math.floor((b * frames) / Math.max(1, batch - 1)) },
    },
    run: (tape, { x, lengths }) => maskFrames(tape, x!, lengths!),
    reference: ({ x, lengths }) => maskFramesReference(x!, lengths!),
    referenceGradients: ({ lengths }, dy) => ({ x: maskFramesReference(dy, lengths!) }),
    flops: 0,
    bytes: 8 * size,
    half: ["x"],
    ...more,
  };
}

const conformer: Shape = [8, 100, 256];

export const cases: OperationCases = {
  operation: "pointwise",
  cases: [
    ...curveCases,
    curveCase("silu", curves.silu, (tape, { x }) => unary.silu(tape, x!), [3, 43], { half: ["x"] }),
    curveCase(
      "scale",
      { value: (x) => -1.5 * x, derivative: () => -1.5 },
      (tape, { x }) => unary.scale(tape, x!, -1.5),
      [7, 11],
    ),
    curveCase(
      "addScalar",
      { value: (x) => x + 3, derivative: () => 1 },
      (tape, { x }) => unary.addScalar(tape, x!, 3),
      [1],
    ),
    curveCase("clamp", clampCurve, (tape, { x }) => unary.clamp(tape, x!, -0.7, 0.4), [131]),
    curveCase("silu", curves.silu, (tape, { x }) => unary.silu(tape, x!), [8, 100, 1024], { benchmark: true }),
    ...surfaceCases,
    surfaceCase("add", surfaces.add, (tape, { a, b }) => binary.add(tape, a!, b!), [], [3, 5]),
    surfaceCase("mul", surfaces.mul, (tape, { a, b }) => binary.mul(tape, a!, b!), [1], [1]),
    surfaceCase("mul", surfaces.mul, (tape, { a, b }) => binary.mul(tape, a!, b!), [2, 3, 2, 3], [3, 1, 3]),
    surfaceCase("add a bias", surfaces.add, (tape, { a, b }) => binary.add(tape, a!, b!), [301, 12], [12]),
    surfaceCase("add a bias", surfaces.add, (tape, { a, b }) => binary.add(tape, a!, b!), conformer, [256], {
      benchmark: true,
    }),
    surfaceCase("addScaled", half, (tape, { a, b }) => addScaled(tape, a!, b!, 0.5), [3, 5, 7], [3, 5, 7]),
    surfaceCase("addScaled", half, (tape, { a, b }) => addScaled(tape, a!, b!, 0.5), conformer, conformer, {
      benchmark: true,
    }),
    ...wordsCases,
    whereCase([3, 7], [3, 7], [3, 7]),
    whereCase([2, 1, 5], [2, 3, 5], [3, 1]),
    {
      ...whereCase([2, 1, 5], [2, 3, 5], []),
      name: "maskedFill [2, 3, 5] by [2, 1, 5]",
      inputs: { x: { shape: [2, 3, 5] }, mask: { shape: [2, 1, 5], dtype: "u32", value: everyThird } },
      run: (tape, { x, mask }) => maskedFill(tape, x!, mask!, -30),
      reference: ({ x, mask }) =>
        whereReference(
          mask!,
          host([], () => -30),
          x!,
        ),
      referenceGradients: ({ x, mask }, dy) => ({
        x: whereGradients(
          mask!,
          host([], () => -30),
          x!,
          dy,
        ).b,
      }),
    },
    castCase("f32", "f32"),
    maskFramesCase(3, 7, 5),
    maskFramesCase(1, 1, 1),
    maskFramesCase(8, 100, 256, { benchmark: true }),
  ],
};
