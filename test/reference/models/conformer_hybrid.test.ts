import { describe, it } from "vitest";
import { testDevice } from "../../test_device.ts";
import { hybridChecks } from "./hybrid_checks.ts";

const device = testDevice();

describe("models/conformer_hybrid", () => {
  for (const { name, run } of hybridChecks()) it(name, () => run(device()));
});
