import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caseChoices, withVariant } from "../../bench/case_choices.ts";
import { loadOperations } from "../../bench/operations.ts";
import { openDevice, type Device } from "../../engine/device.ts";
import { dryDevice } from "../../engine/dry_device.ts";
import type { MadeChoice } from "../../engine/tuning/tuner.ts";
import type { KernelCase } from "../../kernels/case.ts";
import { hostInputs, placeInputs, releaseInputs } from "../../kernels/case_data.ts";

// What a GPU would be given to compile, found on a device that computes nothing and says that it is one.
const MADE_FOR_CPUS = ["direct", "register_tile", "quad_tile", "subgroup_tile", "subgroup_tile_any", "subgroup"];

let device: Device;
let posing: Device;
beforeAll(async () => {
  device = await openDevice({ tuned: false });
  posing = dryDevice(device);
  const blocks = { componentType: "f16", resultComponentType: "f32", M: 16, N: 16, K: 16 };
  const info = {
    ...device.info,
    type: "gpu" as const,
    subgroupMinSize: 32,
    subgroupMaxSize: 32,
    subgroupMatrices: [blocks],
  };
  Object.assign(posing, {
    info,
    features: new Set([...device.features, "subgroups", "shader-f16", "chromium-experimental-subgroup-matrix"]),
  });
});
afterAll(() => device.close());

describe("a GPU", async () => {
  const { operations } = await loadOperations();
  const made: MadeChoice[] = [];

  it.each(operations)("encodes every case of $operation with every variant it has for it", async ({ cases }) => {
    for (const kernelCase of cases.filter(({ benchmark }) => !benchmark))
      for (const halves of kernelCase.half ? [[], kernelCase.half] : [[]])
        made.push(...(await encode(kernelCase, halves)));
  });

  it("is never given a variant that is made for CPU drivers", () => {
    const fitting = new Set(
      made.flatMap((choice) => choice.fitting.map((variant) => `${choice.operation} ${variant}`)),
    );
    expect([...fitting].filter((name) => MADE_FOR_CPUS.includes(name.split(" ")[1]!))).toEqual([]);
    expect([...fitting]).toEqual(
      expect.arrayContaining([
        "matmul workgroup_tile_128",
        "matmul subgroup_matrix_128",
        "attention workgroup",
        "conv2d workgroup_tile_64",
      ]),
    );
  });

  it("has one thread a row only where nothing else reads the row", () => {
    const ofThread = made.filter(({ fitting }) => fitting.some((name) => name.endsWith("thread_row")));
    expect(ofThread.filter(({ sizes, fitting }) => sizes.strided !== true && fitting.length > 1)).toEqual([]);
  });
});

async function encode(kernelCase: KernelCase, halves: readonly string[]): Promise<MadeChoice[]> {
  const inputs = placeInputs(posing, kernelCase, hostInputs(kernelCase, halves), halves);
  const choices = caseChoices(posing, kernelCase, inputs);
  for (const { operation, sizes, fitting } of choices)
    for (const variant of fitting)
      await withVariant(posing, { operation, sizes, variant }, () =>
        Promise.resolve(void caseChoices(posing, kernelCase, inputs)),
      );
  releaseInputs(inputs);
  return choices;
}
