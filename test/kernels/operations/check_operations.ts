import { describe, expect, it } from "vitest";
import { caseChoices, withVariant } from "../../../bench/case_choices.ts";
import { findDifference } from "../../../bench/check_case.ts";
import type { Device } from "../../../engine/device.ts";
import type { HostTensor, KernelCase, OperationCases } from "../../../kernels/case.ts";
import { cotangent, differentiated, hostInputs, placeInputs, releaseInputs } from "../../../kernels/case_data.ts";
import { testDevice } from "../../test_device.ts";

/**
 * Tests the case lists of some operations: the reference's gradients against finite differences of the reference, then the kernels
 * against the reference, forward and backward, under every variant that fits.
 */
export function checkOperations(operations: readonly OperationCases[]): void {
  const device = testDevice();
  for (const { operation, cases } of operations) {
    describe(operation, () => {
      for (const kernelCase of cases.filter((c) => !c.benchmark)) {
        if (kernelCase.referenceGradients)
          it(`${kernelCase.name}: reference gradients`, () => checkReference(kernelCase));
        it(`${kernelCase.name}: kernels`, async () => expect(await differences(device(), kernelCase)).toEqual([]));
      }
    });
  }
}

/**
 * What differs, by the variant that was named: the usual choice, and each other variant of each choice that the case
 * makes. Then the same with inputs of f16, for cases that take them on a device that has them.
 */
async function differences(device: Device, kernelCase: KernelCase): Promise<string[]> {
  const found = await differencesByVariant(device, kernelCase, []);
  if (!kernelCase.half || !device.features.has("shader-f16")) return found;
  const ofHalves = await differencesByVariant(device, kernelCase, kernelCase.half);
  return [...found, ...ofHalves.map((difference) => `f16: ${difference}`)];
}

async function differencesByVariant(
  device: Device,
  kernelCase: KernelCase,
  halves: readonly string[],
): Promise<string[]> {
  const usual = await findDifference(device, kernelCase, halves);
  const found = usual === undefined ? [] : [usual];
  for (const [operation, variant] of otherVariants(device, kernelCase, halves)) {
    const difference = await withVariant(device, { operation, variant }, () =>
      findDifference(device, kernelCase, halves),
    );
    if (difference !== undefined) found.push(`${operation} ${variant}: ${difference}`);
  }
  return found;
}

function otherVariants(
  device: Device,
  kernelCase: KernelCase,
  halves: readonly string[],
): [operation: string, variant: string][] {
  const inputs = placeInputs(device, kernelCase, hostInputs(kernelCase, halves), halves);
  const choices = caseChoices(device, kernelCase, inputs);
  releaseInputs(inputs);
  const others = choices.flatMap(({ operation, chosen, fitting }) =>
    fitting.filter((name) => name !== chosen).map((name) => `${operation} ${name}`),
  );
  return [...new Set(others)].map((pair) => pair.split(" ") as [string, string]);
}

/** Central differences in float64 at up to 12 elements of each input. */
function checkReference(kernelCase: KernelCase): void {
  const inputs = hostInputs(kernelCase);
  const y = kernelCase.reference(inputs);
  const dy = cotangent(y.shape);
  const gradients = kernelCase.referenceGradients!(inputs, dy);
  for (const name of differentiated(kernelCase)) {
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
      expect(Math.abs(gradients[name]!.data[i]! - slope) / scale, `d${name}[${i}], expected ${slope}`).toBeLessThan(
        1e-6,
      );
    }
  }
}

/** L = Σ y · dy. */
const contract = (y: HostTensor, dy: HostTensor): number =>
  y.data.reduce((sum, value, i) => sum + value * dy.data[i]!, 0);
