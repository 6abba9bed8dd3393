import { create } from "webgpu";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compare } from "../../../bench/report/compare.ts";
import { definedKernels } from "../../../engine/kernel/kernel.ts";
import { Tape } from "../../../engine/tape.ts";
import { release } from "../../../engine/tensor.ts";
import { halfTensor, read, tensor } from "../../../engine/transfer.ts";
import { specialise, withHalves } from "../../../engine/kernel/wgsl.ts";
import type { HostTensor } from "../../../kernels/case.ts";
import { caseData, rounded } from "../../../kernels/case_data.ts";
import { encodeProduct } from "../../../kernels/matmul/product.ts";
import { matmulReference } from "../../../kernels/matmul/reference.ts";
import { testDevice } from "../../test_device.ts";
import { emulateSubgroupMatrices } from "./subgroup_matrix_emulation.ts";

const kernel = definedKernels.find(({ label }) => label === "matmul/subgroup_matrix")!;

// No software driver has matrix units. Dawn's null backend checks the shader as it is, and computes nothing.
describe("the shader for matrix units, as Dawn checks it", () => {
  const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]); // what comes from it ends with it
  let device: GPUDevice;
  beforeAll(async () => {
    const adapter = await instance.requestAdapter();
    const requiredFeatures = ["shader-f16", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[];
    device = await adapter!.requestDevice({ requiredFeatures });
  });
  afterAll(() => {
    device.destroy();
    expect(instance).toBeDefined();
  });

  for (const transposed of [false, true])
    for (const halves of [[], ["y_type"]])
      it(`is valid${transposed ? ", transposed" : ""}${halves.length > 0 ? ", with an f16 result" : ""}`, async () => {
        const constants = {
          TRANSPOSE_A: transposed,
          TRANSPOSE_B: transposed,
          HAS_BIAS: true,
          STORE_PRE: true,
          ACTIVATION: 2,
        };
        const compile = async (TILE: number): Promise<string | undefined> => {
          device.pushErrorScope("validation");
          const module = device.createShaderModule({
            code: withHalves("", specialise("", kernel.load().code, { ...constants, TILE }), halves),
          });
          device.createComputePipeline({ layout: "auto", compute: { module } });
          return (await device.popErrorScope())?.message;
        };
        expect(await compile(64)).toBeUndefined();
        // The null backend has only 16 KiB of workgroup memory, which is checked last.
        expect(await compile(128)).toMatch(/^The total use of workgroup storage \(30848 bytes\)/);
      });
});

it("Dawn counts places and strides of a load in the array's elements, here of 8 bytes, as the shader and its emulation do", async () => {
  const instance = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
  const adapter = await instance.requestAdapter();
  const device = await adapter!.requestDevice({
    requiredFeatures: ["shader-f16", "chromium-experimental-subgroup-matrix"] as GPUFeatureName[],
  });
  device.pushErrorScope("validation");
  device.createShaderModule({
    code: `enable f16; enable chromium_experimental_subgroup_matrix;
      var<workgroup> tile: array<vec4<f16>, 64>;
      @compute @workgroup_size(32) fn main() { _ = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>, row_major>(&tile, 0, 3); }`,
  });
  expect((await device.popErrorScope())?.message).toContain(
    "the stride argument (3, 24 bytes) of subgroupMatrixLoad must be greater than the minimum stride (32 bytes)",
  );
  device.destroy();
});

interface Product {
  readonly variant: string;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** With bias and silu, and everything stored as f16. */
  readonly layer: boolean;
}

// And with its blocks replaced by arrays it runs on any driver with f16. Each compiles for seconds there, so these are few:
// both sizes, both ways to store each operand, sizes that are no multiples of a tile.
const PRODUCTS: readonly Product[] = [
  { variant: "subgroup_matrix_64", transposeA: false, transposeB: false, layer: false },
  { variant: "subgroup_matrix_64", transposeA: true, transposeB: true, layer: true },
  { variant: "subgroup_matrix_128", transposeA: false, transposeB: true, layer: true },
  { variant: "subgroup_matrix_128", transposeA: true, transposeB: false, layer: false },
];
const [ROWS, COLS, INNER] = [140, 68, 44];

describe("the shader for matrix units, with its blocks emulated, computes", () => {
  const device = testDevice();
  beforeAll(() => {
    const blocks = { componentType: "f16", resultComponentType: "f32", M: 16, N: 16, K: 16 };
    Object.assign(device().info, { subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrices: [blocks] });
    Object.assign(device(), { features: new Set([...device().features, "chromium-experimental-subgroup-matrix"]) });
    const shader = kernel.load();
    Object.assign(shader, { code: emulateSubgroupMatrices(shader.code) });
  });

  for (const { variant, transposeA, transposeB, layer } of PRODUCTS)
    it(`${variant}${transposeA ? ", a transposed" : ""}${transposeB ? ", b transposed" : ""}${layer ? ", with bias and silu" : ""}`, async ({
      skip,
    }) => {
      if (!device().features.has("shader-f16")) skip("this driver has no f16");
      const values = (name: string, ...shape: number[]) => rounded(caseData(name, { shape }));
      const a = transposeA ? values("a", INNER, ROWS) : values("a", ROWS, INNER);
      const b = transposeB ? values("b", COLS, INNER) : values("b", INNER, COLS);
      const bias = caseData("bias", { shape: [COLS] });
      const product = matmulReference(a, b, transposeA, transposeB);
      const before = layer ? { ...product, data: product.data.map((sum, i) => sum + bias.data[i % COLS]!) } : product;
      const after = layer ? { ...product, data: before.data.map((sum) => sum / (1 + Math.exp(-sum))) } : product;

      device().tuner.overrule([{ operation: "matmul", variant }]);
      const tape = new Tape(device(), { grad: false });
      const half = ({ data, shape }: HostTensor) => halfTensor(device(), data, shape);
      const inputs = [half(a), half(b), tensor(device(), Float32Array.from(bias.data), bias.shape)] as const;
      const y = tape.empty([ROWS, COLS], layer ? "f16" : "f32");
      const pre = layer ? tape.like(y) : undefined;
      const options = layer ? { bias: inputs[2], activation: "silu" as const, pre } : {};
      const made = device().tuner.during(() =>
        encodeProduct(
          tape,
          inputs[0],
          inputs[1],
          y,
          { rows: ROWS, cols: COLS, inner: INNER },
          { transposeA, transposeB, ...options },
        ),
      );
      expect(made.map(({ chosen }) => chosen)).toEqual([variant]);
      const tolerance = layer ? { rtol: 1e-3, atol: 1e-3 } : { rtol: 1e-4, atol: 1e-5 }; // f16 has 11 bits
      expect(compare("y", await read(device(), y), after, tolerance)).toBeUndefined();
      if (pre) expect(compare("pre", await read(device(), pre), before, tolerance)).toBeUndefined();
      tape.end();
      for (const x of inputs) release(x);
    }, 120_000);

  for (const transposeA of [false, true])
    it(`subgroup_matrix_64, rows of a overlap${transposeA ? ", a transposed" : ""}`, async ({ skip }) => {
      if (!device().features.has("shader-f16")) skip("this driver has no f16");
      const [lines, width, step] = transposeA ? [INNER, ROWS, 36] : [ROWS, INNER, 36];
      const signal = rounded(caseData("signal", { shape: [(lines - 1) * step + width] }));
      const a = {
        shape: [lines, width],
        data: Float64Array.from(
          { length: lines * width },
          (_, i) => signal.data[Math.floor(i / width) * step + (i % width)]!,
        ),
      };
      const b = rounded(caseData("b", { shape: [INNER, COLS] }));
      device().tuner.overrule([{ operation: "matmul", variant: "subgroup_matrix_64" }]);
      const tape = new Tape(device(), { grad: false });
      const inputs = [halfTensor(device(), signal.data, signal.shape), halfTensor(device(), b.data, b.shape)] as const;
      const y = tape.empty([ROWS, COLS]);
      encodeProduct(
        tape,
        ...inputs,
        y,
        { rows: ROWS, cols: COLS, inner: INNER, windows: { row: step, matrix: 0 } },
        { transposeA },
      );
      expect(
        compare("y", await read(device(), y), matmulReference(a, b, transposeA, false), { rtol: 1e-4, atol: 1e-5 }),
      ).toBeUndefined();
      tape.end();
      for (const x of inputs) release(x);
    }, 120_000);
});
