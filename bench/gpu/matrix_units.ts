import type { Device } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import { release } from "../../engine/tensor.ts";
import { halfTensor, read } from "../../engine/transfer.ts";
import type { HostTensor } from "../../kernels/case.ts";
import { caseData, rounded } from "../../kernels/case_data.ts";
import { encodeProduct } from "../../kernels/matmul/product.ts";
import { matmulReference } from "../../kernels/matmul/reference.ts";
import { compare } from "../compare.ts";
import type { Check } from "./check.ts";

/** Sizes of which none is a multiple of a tile, and which want several tiles, steps and a remainder of each. */
const [ROWS, COLS, INNER, SPLIT_INNER] = [268, 196, 108, 1108];
/** Products of f16 are exact in f32, in which they are summed: what remains is the rounding of each sum. */
const toleranceOf = (inner: number) => ({ rtol: 1e-4, atol: 1e-6 * inner });

/** Products of f16 on matrix units, which no software driver has: both tiles, each operand as it is and transposed, and one whose sum is split. */
export const matrixUnitChecks: readonly Check[] = [64, 128].flatMap((tile) => [
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      name: `subgroup_matrix_${tile}${transposeA ? ", a transposed" : ""}${transposeB ? ", b transposed" : ""}`,
      run: (device: Device) => multiply(device, tile, INNER, transposeA, transposeB),
    })),
  ),
  { name: `subgroup_matrix_${tile}, in parts`, run: (device) => multiply(device, tile, SPLIT_INNER, true, false) },
]);

/** What is wrong with a product. */
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
