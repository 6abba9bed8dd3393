import type { Device } from "../../engine/device.ts";
import { Tape } from "../../engine/tape.ts";
import { halfTensor, read, release } from "../../engine/tensor.ts";
import type { HostTensor } from "../../kernels/case.ts";
import { caseData, rounded } from "../../kernels/case_data.ts";
import { encodeProduct } from "../../kernels/matmul/product.ts";
import { matmulReference } from "../../kernels/matmul/reference.ts";
import { compare } from "../compare.ts";

/** Sizes of which none is a multiple of a tile, and which want several tiles, steps and a remainder of each. */
const [ROWS, COLS, INNER] = [268, 196, 108];
// Products of f16 are exact in f32, in which they are summed.
const TOLERANCE = { rtol: 1e-4, atol: 1e-4 };

interface MatrixUnitCheck {
  readonly name: string;
  readonly run: (device: Device) => Promise<string | undefined>;
}

/** Products of f16 on matrix units, which no software driver has: both tiles, each operand as it is and transposed. */
export const matrixUnitChecks = (small: boolean): MatrixUnitCheck[] =>
  (small ? [64] : [64, 128]).flatMap((tile) =>
    [false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => {
        const variant = `subgroup_matrix_${tile}`;
        return {
          name: `${variant}${transposeA ? ", a transposed" : ""}${transposeB ? ", b transposed" : ""}`,
          run: (device: Device) => multiply(device, variant, transposeA, transposeB),
        };
      })));

/** What is wrong with a product; undefined also where the device has no matrix units, which its list of features says. */
async function multiply(device: Device, variant: string, transposeA: boolean, transposeB: boolean): Promise<string | undefined> {
  const a = rounded(caseData("a", { shape: transposeA ? [INNER, ROWS] : [ROWS, INNER] }));
  const b = rounded(caseData("b", { shape: transposeB ? [COLS, INNER] : [INNER, COLS] }));
  const upload = ({ data, shape }: HostTensor) => halfTensor(device, data, shape);
  const inputs = [upload(a), upload(b)] as const;
  const tape = new Tape(device, { grad: false });
  device.tuner.overrule([{ operation: "matmul", variant }]);
  device.poison = true;
  try {
    const y = tape.empty([ROWS, COLS]);
    const made = device.tuner.during(() => encodeProduct(tape, ...inputs, y, { rows: ROWS, cols: COLS, inner: INNER }, { transposeA, transposeB }));
    if (made[0]?.chosen !== variant) return device.features.has("chromium-experimental-subgroup-matrix") ? `${variant} does not fit this device` : undefined;
    return compare("y", await read(device, y), matmulReference(a, b, transposeA, transposeB), TOLERANCE);
  } finally {
    device.poison = false;
    device.tuner.overrule([]);
    tape.end();
    for (const x of inputs) release(x);
  }
}
