import { beforeAll, describe, expect, it } from "vitest";
import { compare } from "../../../bench/report/compare.ts";
import { Tape } from "../../../engine/tape.ts";
import { release } from "../../../engine/tensor.ts";
import { leaf, read, tensor } from "../../../engine/transfer.ts";
import { caseData } from "../../../kernels/case_data.ts";
import { encodeProduct } from "../../../kernels/matmul/product.ts";
import { matmulReference } from "../../../kernels/matmul/reference.ts";
import { chunkOf, productVariants } from "../../../kernels/matmul/variant.ts";
import { testDevice } from "../../test_device.ts";

const device = testDevice();

// Only GPUs split sums, so this device says that it is one. The last part is shorter than the others.
beforeAll(() => Object.defineProperty(device(), "isSoftware", { value: false }));

const [ROWS, COLS, INNER] = [20, 12, 2080];
const [a, b] = [caseData("a", { shape: [INNER, ROWS] }), caseData("b", { shape: [INNER, COLS] })];
const choice = { matrices: 1, rows: ROWS, cols: COLS, inner: INNER, transposeA: true, transposeB: false, half: false };
const expected = matmulReference(a, b, true, false);
// Sums of 2080 products have terms much larger than the result.
const tolerance = { rtol: 1e-4, atol: 1e-3 };

describe("a sum split into parts", () => {
  it("has several", () => {
    expect(INNER / chunkOf(choice, device(), 128, 128)).toBe(13);
  });

  for (const variant of ["plain", "workgroup_tile_any", "workgroup_tile_64", "workgroup_tile_128"])
    it(`is whole again: ${variant}, set and added`, async () => {
      expect(productVariants.fitting(choice, device())).toContain(variant);
      device().tuner.overrule([{ operation: "matmul", variant }]);
      const tape = new Tape(device(), { grad: false });
      const [x, w] = [a, b].map(({ data, shape }) => tensor(device(), Float32Array.from(data), shape)) as [
        ReturnType<typeof tensor>,
        ReturnType<typeof tensor>,
      ];
      const total = leaf(device(), new Float32Array(ROWS * COLS).fill(3), [ROWS, COLS]);
      const y = tape.empty([ROWS, COLS]);
      const sizes = { rows: ROWS, cols: COLS, inner: INNER };
      encodeProduct(tape, x, w, y, sizes, { transposeA: true });
      encodeProduct(tape, x, w, total, sizes, { transposeA: true, accumulate: true });
      expect(compare("y", await read(device(), y), expected, tolerance)).toBeUndefined();
      const added = { ...expected, data: expected.data.map((value) => value + 3) };
      expect(compare("total", await read(device(), total), added, tolerance)).toBeUndefined();
      tape.end();
      for (const z of [x, w, total]) release(z);
    });
});
