import { describe, it } from "vitest";
import { testDevice } from "../../test_device.ts";
import { decoderChecks } from "./decoder_checks.ts";

const device = testDevice();

describe("models/attention_decoder", () => {
  for (const { name, run } of decoderChecks()) it(name, () => run(device()));
});
