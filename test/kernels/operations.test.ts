import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { leaf, read, tensor, type Tensor } from "../../engine/tensor.ts";
import type { HostTensor, KernelCase, OperationCases } from "../../kernels/case.ts";
import { expectClose } from "../reference/book.ts";
import { testDevice } from "../test_device.ts";
import { caseData, contract, cotangent, typedData } from "./case_data.ts";

// Every operation's case list: the reference's gradients against finite differences of the reference, then the kernels
// against the reference, forward and backward. UNFOLD_OPERATION=softmax runs one operation.
const kernelsFolder = new URL("../../kernels/", import.meta.url);
const only = process.env.UNFOLD_OPERATION;
const device = testDevice();

for (const entry of readdirSync(kernelsFolder, { withFileTypes: true })) {
  if (!entry.isDirectory() || (only && entry.name !== only)) continue;
  const { cases } = (await import(new URL(`${entry.name}/cases.ts`, kernelsFolder).href)) as { cases: OperationCases };
  describe(cases.operation, () => {
    for (const kernelCase of cases.cases.filter((c) => !c.benchmark)) {
      if (kernelCase.referenceGradients) it(`${kernelCase.name}: reference gradients`, () => checkReference(kernelCase));
      it(`${kernelCase.name}: kernels`, () => checkKernels(kernelCase));
    }
  });
}

const differentiable = (kernelCase: KernelCase): string[] =>
  Object.entries(kernelCase.inputs).flatMap(([name, { dtype, grad }]) => ((dtype ?? "f32") === "f32" && grad !== false ? [name] : []));

const hostInputs = (kernelCase: KernelCase): Record<string, HostTensor> =>
  Object.fromEntries(Object.entries(kernelCase.inputs).map(([name, input]) => [name, caseData(name, input)]));

/** Central differences in float64 at up to 12 elements of each input. */
function checkReference(kernelCase: KernelCase): void {
  const inputs = hostInputs(kernelCase);
  const y = kernelCase.reference(inputs);
  const dy = cotangent(y.shape);
  const gradients = kernelCase.referenceGradients!(inputs, dy);
  for (const name of differentiable(kernelCase)) {
    const { data } = inputs[name]!;
    const stride = Math.max(1, Math.floor(data.length / 12));
    for (let i = 0; i < data.length; i += stride) {
      const value = data[i]!;
      const h = 1e-5 * Math.max(1, Math.abs(value));
      data[i] = value + h;
      const above = contract(kernelCase.reference(inputs), dy);
      data[i] = value - h;
      const below = contract(kernelCase.reference(inputs), dy);
      data[i] = value;
      const slope = (above - below) / (2 * h);
      const scale = Math.max(1, Math.abs(slope));
      expect(Math.abs(gradients[name]!.data[i]! - slope) / scale, `d${name}[${i}], expected ${slope}`).toBeLessThan(1e-6);
    }
  }
}

async function checkKernels(kernelCase: KernelCase): Promise<void> {
  const inputs = hostInputs(kernelCase);
  const names = kernelCase.referenceGradients ? differentiable(kernelCase) : [];
  const tensors: Record<string, Tensor> = {};
  for (const [name, input] of Object.entries(kernelCase.inputs)) {
    const data = typedData(input, inputs[name]!);
    tensors[name] = names.includes(name) ? leaf(device(), data as Float32Array, input.shape) : tensor(device(), data, input.shape);
  }
  const { rtol, atol } = kernelCase.tolerance ?? { rtol: 1e-4, atol: 1e-5 };
  const tape = new Tape(device(), { grad: names.length > 0, training: true });
  try {
    const y = kernelCase.run(tape, tensors);
    const expected = kernelCase.reference(inputs);
    compare(`${kernelCase.name} y`, await read(device(), y), expected, rtol, atol, y.shape);
    if (names.length === 0) return;
    const dy = cotangent(expected.shape);
    tape.backward(y, tape.upload(Float32Array.from(dy.data), dy.shape));
    const gradients = kernelCase.referenceGradients!(inputs, dy);
    for (const name of names) compare(`${kernelCase.name} d${name}`, await read(device(), tensors[name]!.grad!), gradients[name]!, 10 * rtol, 10 * atol);
  } finally {
    tape.end();
  }
}

/** atol is relative to the tensor's largest magnitude, as in the reference values. */
function compare(label: string, got: ArrayLike<number>, expected: HostTensor, rtol: number, atol: number, shape?: readonly number[]): void {
  const largest = expected.data.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 1e-30);
  const values = Float32Array.from(expected.data);
  expectClose(got, { label, shape: expected.shape, values, rtol, atol: atol * largest }, shape ? { shape } : {});
}
