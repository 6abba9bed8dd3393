import { expect, it } from "vitest";
import { Parameters } from "../../../engine/parameters.ts";
import { depthSchedule } from "../../../model/unfold.ts";
import { wav2vec2Defaults } from "../../../model/wav2vec2/config.ts";
import { Wav2Vec2Ctc } from "../../../model/wav2vec2/wav2vec2_ctc.ts";
import { countParameters, untiedParameters } from "../../../model/parameter_counts.ts";
import { chooseLayers, recipes } from "../../../checkpoint/hugging_face/layer_choice.ts";

it("spreads the blocks from the first layer to the last", () => {
  expect(chooseLayers(12, recipes["8-to-12"])).toEqual([0, 2, 3, 5, 6, 8, 9, 11]);
  expect(chooseLayers(12, recipes["6-to-12"])).toEqual([0, 2, 4, 7, 9, 11]);
  expect(chooseLayers(12, { seedBlocks: 1 })).toEqual([0]);
  expect(chooseLayers(3, {})).toEqual([0, 1, 2]);
  expect(chooseLayers(12, { seedBlocks: 3, pick: "first" })).toEqual([0, 1, 2]);
  expect(chooseLayers(3, { seedLayers: [2, 0, 0] })).toEqual([2, 0, 0]);
});

it.each([
  ["8-to-12", 30.0],
  ["6-to-12", 45.1],
] as const)("recipe %s takes %d percent off wav2vec 2.0 base", (recipe, percent) => {
  const {
    seedBlocks: blocks,
    depths: [depth],
  } = recipes[recipe];
  const parameters = new Parameters(); // declared only: nothing of 94 million numbers is held
  const model = new Wav2Vec2Ctc(parameters, { ...wav2vec2Defaults, vocabulary: 32, blocks });
  const counts = countParameters({ model, parameters });
  const untied = untiedParameters(counts, blocks, depthSchedule("repeat", blocks, depth));
  expect(untied.whole).toBe(94_396_320); // Wav2Vec2ForCTC of facebook/wav2vec2-base-960h
  expect((100 * (1 - counts.whole / untied.whole)).toFixed(1)).toBe(percent.toFixed(1));
  expect(counts.encoder).toBe(counts.whole - 32 * 768 - 32); // all but the head
});
