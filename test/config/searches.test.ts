import { expect, test } from "vitest";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { smallConfig } from "../train/small_model.ts";

const DECODER = "model.decoder={blocks: 1}";

test.each<[string[], object]>([
  [[], { search: "ctc", beam: null, ctcWeight: null, lengthBonus: null }],
  [[DECODER], { search: "ctc", beam: null, ctcWeight: null, lengthBonus: null }],
  [[DECODER, "eval.search=joint"], { search: "joint", beam: 10, ctcWeight: 0.3, lengthBonus: 0 }],
  [
    [DECODER, "eval.search=attention", "eval.beam=4"],
    { search: "attention", beam: 4, ctcWeight: null, lengthBonus: 0 },
  ],
  [[DECODER, "eval.search=rescore"], { search: "rescore", beam: 10, ctcWeight: 0.3, lengthBonus: null }],
  [[DECODER, "eval.search=joint", "eval.lm={arpa: /lm}"], { search: "joint", beam: 10, lm: { arpa: "/lm" } }],
])("%j: how dev is searched, and again from a checkpoint", (sets, expected) => {
  const config = smallConfig(...sets);
  expect(config.eval).toMatchObject(expected);
  expect(restoreConfig(JSON.parse(JSON.stringify(plainConfig(config))), "checkpoint").eval).toEqual(config.eval);
});

test("a checkpoint from before there were searches is searched by CTC", () => {
  const { eval: evaluation, ...rest } = plainConfig(smallConfig("eval.beam=8")) as { eval: Record<string, unknown> };
  const { search: _search, ctc_weight: _weight, length_bonus: _bonus, ...before } = evaluation;
  expect(restoreConfig({ ...rest, eval: before }, "checkpoint").eval).toEqual(smallConfig("eval.beam=8").eval);
});

test.each<[string[], string]>([
  [
    ["eval.search=joint"],
    "eval.search is joint, which needs a decoder, but the model has CTC alone: model.decoder is not set.",
  ],
  [
    [DECODER, "eval.search=attention", "eval.ctc_weight=0.5"],
    "eval.ctc_weight belongs to the searches joint and rescore, but eval.search is attention.",
  ],
  [["eval.length_bonus=1"], "eval.length_bonus belongs to the searches joint and attention, but eval.search is ctc."],
  [["eval.search=both"], `eval.search: expected "ctc" or "joint" or "attention" or "rescore", got "both".`],
  [[DECODER, "eval.search=joint", "eval.ctc_weight=2"], "eval.ctc_weight: expected a number from 0 to 1, got 2."],
])("%j is refused", (sets, sentence) => {
  expect(() => smallConfig(...sets)).toThrow(`--set ${sets.at(-1)}: ${sentence}`);
});
