import { describe, it } from "vitest";
import { testDevice } from "../../test_device.ts";
import { conformerChecks } from "./conformer_checks.ts";

const device = testDevice();

for (const book of ["models/conformer_layer_norm", "models/conformer_batch_norm"] as const)
  describe(book, () => {
    for (const { name, run } of conformerChecks(book)) it(name, () => run(device()));
  });
