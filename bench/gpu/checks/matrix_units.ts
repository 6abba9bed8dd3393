import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import { release } from "../../../engine/tensor.ts";
import { halfTensor, read } from "../../../engine/transfer.ts";
import type { HostTensor } from "../../../kernels/case.ts";
import { caseData, rounded } from "../../../kernels/case_data.ts";
import { encodeProduct } from "../../../kernels/matmul/product.ts";
import { matmulReference } from "../../../kernels/matmul/reference.ts";
import { compare } from "../../report/compare.ts";
import type { Check } from "./check.ts";

/** Sizes that are no multiples of a tile, and need several tiles and steps with a remainder of each. */
const [ROWS, COLS, INNER, SPLIT_INNER] = [268, 196, 108, 1108];
/** Products of f16 are exact in f32, in which they are summed: only the rounding of each sum remains. */
const toleranceOf = (inner: number) => ({ rtol: 1e-4, atol: 1e-6 * inner });

/**
 * f16 products on matrix units, which no software driver has: both tiles, each operand plain and transposed, and one with
 * a split sum.
 */
export const matrixUnitChecks: readonly Check[] = [64, 128].flatMap((tile) => [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `subgroup_matrix_${tile}${transposeA ? ", a transposed" : ""}${transposeB ? ", b transposed" : ""}`,
      run: (device: Device) => multiply(device, tile, INNER, transposeA, transposeB),
    })),
  ),
  { name: `subgroup_matrix_${tile}, in parts`, run: (device) => multiply(device, tile, SPLIT_INNER, true, false) },
]);

/** Returns what is wrong with a product. */
async function multiply(
  device: Device,
  tile: number,
  inner: number,
  transposeA: boolean,
  transposeB: boolean,
): Promise<string | undefined> {
  const variant = `subgroup_matrix_${tile}`;
  const a = rounded(caseData("a", { shape: transposeA ? [inner, ROWS] : [ROWS, inner] }));
  const b = rounded(caseData("b", { shape: transposeB ? [COLS, inner] : [inner, COLS] }));
  const upload = ({ data, shape }: HostTensor) => halfTensor(device, data, shape);
  const inputs = [upload(a), upload(b)] as const;
  const tape = new Tape(device, { grad: false });
  device.tuner.overrule([{ operation: "matmul", variant }]);
  device.poison = true;
  try {
    const y = tape.empty([ROWS, COLS]);
    const made = device.tuner.during(() =>
      encodeProduct(tape, ...inputs, y, { rows: ROWS, cols: COLS, inner }, { transposeA, transposeB }),
    );
    if (made[0]?.chosen !== variant) return `${variant} does not fit this device`;
    return compare("y", await read(device, y), matmulReference(a, b, transposeA, transposeB), toleranceOf(inner));
  } finally {
    device.poison = false;
    device.tuner.overrule([]);
    tape.end();
    for (const x of inputs) release(x);
  }
}
