import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { findDifference } from "../../bench/check_case.ts";
import type { OperationCases } from "../../kernels/case.ts";
import { testDevice } from "../test_device.ts";

// Besides variants, which the cases of all operations are checked under, a GPU is given other numbers of workgroups, sums in more parts
// and unrolled loops. Here they run on this driver, which says that it is a GPU. Of each operation the cases that show these.
const CASES: Readonly<Record<string, RegExp>> = {
  attention: /^relative over tiles$/,
  conv2d: /stride 2/,
  ctc_loss: /./,
  depthwise_conv: /./,
  grad_norm: /./,
  layer_norm: /./,
};

const device = testDevice();
beforeAll(() => Object.defineProperty(device(), "isSoftware", { value: false }));

describe("as a GPU is given it", async () => {
  const kernels = new URL("../../kernels/", import.meta.url);
  for (const name of readdirSync(kernels).filter((name) => name in CASES)) {
    const { cases } = ((await import(new URL(`${name}/cases.ts`, kernels).href)) as { cases: OperationCases }).cases;
    const chosen = cases.filter((one) => !one.benchmark && CASES[name]!.test(one.name));
    it(`${name} has cases for it`, () => expect(chosen.length).toBeGreaterThan(0));
    it.each(chosen)(`${name}: $name`, async (one) => expect(await findDifference(device(), one)).toBeUndefined());
  }

  it("grad_norm has four loads under way where there is enough to load", async () => {
    const { cases } = ((await import("../../kernels/grad_norm/cases.ts")) as { cases: OperationCases }).cases;
    expect(
      await findDifference(
        device(),
        cases.find(({ name }) => name === "4 M")!,
      ),
    ).toBeUndefined();
  });

  it("convolutions use large tiles", async () => {
    const { cases } = ((await import("../../kernels/conv2d/cases.ts")) as { cases: OperationCases }).cases;
    const one = cases.find(({ name, benchmark }) => !benchmark && name.includes("stride 2"))!;
    const variants = ["conv2d", "conv2d_backward_input", "conv2d_backward_params"].map((operation) => ({
      operation,
      variant: "workgroup_tile_64",
    }));
    device().tuner.overrule(variants);
    expect(await findDifference(device(), one)).toBeUndefined();
    device().tuner.overrule([]);
  });
});
