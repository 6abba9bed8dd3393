import { expect, it } from "vitest";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { decoderSchedule } from "../../config/depths.ts";
import { smallConfig } from "../train/small_model.ts";

// `unfold.decoder`: how the decoder unfolds, in a config whose encoder has two blocks.
const everywhere = (blocks: string | undefined): (string | undefined)[] =>
  new Array<string | undefined>(5).fill(blocks);

it.each<[string, string[], (string | undefined)[]]>([
  ["without a decoder", [], everywhere(undefined)],
  ["if it does not unfold", ["model.decoder={blocks: 3}"], everywhere(undefined)],
  ["of a number, on every path", ["model.decoder={blocks: 3}", "unfold.decoder=5"], everywhere("01122")],
  ["in cycle order", ["model.decoder={blocks: 3}", "unfold.decoder=5", "unfold.order=cycle"], everywhere("01201")],
  [
    "in proportion",
    ["model.decoder={blocks: 3}", "unfold.decoder=proportional"],
    ["012", "012", "01122", "001122", "000111222"],
  ],
  [
    "of a list",
    ["model.decoder={blocks: 2}", "unfold.decoder=[1, 0, 1]", "unfold.order=[0, 1, 0, 1, 0, 1]"],
    everywhere("101"),
  ],
])("the decoder's blocks at depths 1, 2, 3, 4 and 6 %s", (_, sets, expected) => {
  const config = smallConfig("unfold.depths=[1, 2, 3, 4, 6]", ...sets);
  expect(config.unfold.depths.map((depth) => decoderSchedule(config, depth)?.join(""))).toEqual(expected);
});

it("a config keeps how its decoder unfolds", () => {
  for (const value of ["4", "proportional", "[0, 1, 1]", "null"]) {
    const config = smallConfig("model.decoder={blocks: 2}", `unfold.decoder=${value}`);
    expect(restoreConfig(plainConfig(config), "kept")).toEqual(config);
  }
});

it.each<[string[], string]>([
  [["unfold.decoder=6"], "unfold.decoder needs a decoder, and model.decoder is not set."],
  [
    ["unfold.decoder=4", "model.decoder={}"],
    "unfold.decoder is 4, but model.decoder.blocks is 6, and each block runs at least once.",
  ],
  [
    ["unfold.decoder=[0, 1, 2, 1]", "model.decoder={blocks: 2}"],
    "unfold.decoder names block 2, but model.decoder.blocks is 2, so blocks are 0 to 1.",
  ],
  [
    ["unfold.decoder=[0, 0, 2]", "model.decoder={blocks: 3}"],
    "unfold.decoder lacks block 1, but model.decoder.blocks is 3, and each block runs at least once.",
  ],
  [
    ["unfold.decoder=proportional", "unfold.order=[0, 1, 1, 0]", "model.decoder={}"],
    "unfold.decoder is proportional, but when unfold.order is a list of the encoder's blocks, expected a list of the decoder's.",
  ],
  [
    ["unfold.decoder=deep", "model.decoder={}"],
    'unfold.decoder: expected a number of layers, "proportional" or a list of block indices such as [0, 0, 1, 1], got "deep".',
  ],
])("%j is refused in one sentence", (sets, message) => {
  expect(() => smallConfig(...sets)).toThrow(new RegExp(`^--set unfold.decoder=\\S.*: ${escaped(message)}$`, "u"));
});

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&");
