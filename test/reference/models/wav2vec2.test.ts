import { describe, expect, it } from "vitest";
import { encodedFrames } from "../../../model/wav2vec2/feature_encoder.ts";
import { testDevice } from "../../test_device.ts";
import { WAV2VEC2_MODELS, wav2vec2Checks } from "./wav2vec2_checks.ts";

const device = testDevice();

for (const model of WAV2VEC2_MODELS)
  describe(`models/${model}`, () => {
    for (const { name, run } of wav2vec2Checks(model)) it(name, () => run(device()));
  });

describe("frames of a waveform", () => {
  it("are those of transformers", () => {
    const { convKernels, convStrides } = { convKernels: [10, 3, 3, 3, 3, 2, 2], convStrides: [5, 2, 2, 2, 2, 2, 2] };
    expect(
      [400, 399, 16000, 160000, 5560, 719, 720].map((n) => encodedFrames({ convKernels, convStrides }, n)),
    ).toEqual([1, 0, 49, 499, 17, 1, 2]);
  });
});
