import { beforeAll, describe, expect, it } from "vitest";
import { caseChoices } from "../../bench/case_choices.ts";
import { findDifference } from "../../bench/check_case.ts";
import { loadOperations } from "../../bench/operations.ts";
import type { KernelCase } from "../../kernels/case.ts";
import { hostInputs, placeInputs, releaseInputs } from "../../kernels/case_data.ts";
import { testDevice } from "../test_device.ts";

// Besides variants, which the cases of all operations are checked under, a GPU is given other numbers of workgroups, sums in more parts
// and unrolled loops. Here they run on this driver, which says that it is a GPU. Of each operation the cases that show these.
const CASES: Readonly<Record<string, RegExp>> = {
  attention: /^relative over tiles$/,
  ctc_loss: /./,
  depthwise_conv: /./,
  grad_norm: /./,
  layer_norm: /./,
};

const device = testDevice();
beforeAll(() => Object.defineProperty(device(), "isSoftware", { value: false }));

describe("as a GPU is given it", async () => {
  const { operations } = await loadOperations();
  const casesOf = (operation: string): readonly KernelCase[] =>
    operations.find((each) => each.operation === operation)!.cases;
  for (const [operation, pattern] of Object.entries(CASES)) {
    const chosen = casesOf(operation).filter(({ benchmark, name }) => !benchmark && pattern.test(name));
    it(`${operation} has cases for it`, () => expect(chosen.length).toBeGreaterThan(0));
    it.each(chosen)(`${operation}: $name`, async (one) => expect(await findDifference(device(), one)).toBeUndefined());
  }

  it("grad_norm has four loads under way where there is enough to load", async () => {
    const large = casesOf("grad_norm").find(({ name }) => name === "4 M")!;
    expect(await findDifference(device(), large)).toBeUndefined();
  });

  const inTiles = casesOf("conv2d").filter(({ name }) => /more (positions|channels) than a tile/.test(name));
  it.each(inTiles)("conv2d in large tiles, forward and backward: $name", async (one) => {
    const inputs = placeInputs(device(), one, hostInputs(one));
    const choices = caseChoices(device(), one, inputs).filter(({ operation }) => operation.startsWith("conv2d"));
    releaseInputs(inputs);
    expect(choices.map(({ fitting }) => fitting.includes("workgroup_tile_64"))).toEqual([true, true, true]);
    device().tuner.overrule(choices.map(({ operation }) => ({ operation, variant: "workgroup_tile_64" })));
    expect(await findDifference(device(), one)).toBeUndefined();
    device().tuner.overrule([]);
  });
});
