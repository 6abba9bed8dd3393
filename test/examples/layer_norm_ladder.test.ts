import { expect, it } from "vitest";
import { climb } from "../../examples/layer-norm/ladder.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

it("every version of the ladder computes layer norm, for rows that fill no workgroup too", async () => {
  const rungs = await climb(device(), 35, 20, 1, 1);
  expect(rungs.map(({ name }) => name)).toEqual(["v1", "v2", "v3", "v4", "v5"]);
  for (const { name, error } of rungs) expect(error, name).toBeLessThan(2e-5);
});
