import { expect, it } from "vitest";
import { batchText } from "../../../train/memory/batch_text.ts";

it("counts frames, or samples with their seconds where the model takes waveforms", () => {
  expect(batchText({ size: 16, frames: 1390 }, undefined)).toBe("16 utterances of 1,390 frames");
  expect(batchText({ size: 1, frames: 31680 }, 16000)).toBe("1 utterance of 31,680 samples (1.98 s)");
});
