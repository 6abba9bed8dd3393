import { expect, it } from "vitest";
import { describeDecoding, trainingDecoding } from "../../../recognition/evaluation/decoding_text.ts";
import type { DecodingSettings } from "../../../recognition/evaluation/evaluate_manifest.ts";
import { smallConfig } from "../../train/small_model.ts";

const greedy: DecodingSettings = { beam: null, lm: null };
const fused: DecodingSettings = { beam: 16, lm: { arpa: "/lm/words.arpa", weight: 0.5, bonus: 0, level: "word" } };
const joint: DecodingSettings = { beam: 10, lm: null, decoding: { kind: "joint", ctcWeight: 0.3, lengthBonus: 0 } };
const configOf = (settings: DecodingSettings) => {
  const config = smallConfig();
  return { ...config, eval: { ...config.eval, ...settings } };
};
const hybrid = (...sets: string[]) => smallConfig("model.decoder={blocks: 1}", ...sets);

it.each<[DecodingSettings, string]>([
  [greedy, "greedy decoding"],
  [{ beam: 4, lm: null }, "prefix beam search of width 4"],
  [fused, "prefix beam search of width 16 with words.arpa (weight 0.5, bonus 0, words)"],
  [joint, "joint CTC/attention search of width 10 (CTC weight 0.3)"],
])("%j is said in words", (settings, words) => {
  expect(describeDecoding(settings)).toBe(words);
});

it("greedy results of a run that was tested otherwise come with a hint, one line with the options that do the same", () => {
  expect(trainingDecoding(greedy, [configOf(greedy), configOf(fused)])).toBe(
    "hint: training's own table used prefix beam search of width 16 with words.arpa (weight 0.5, bonus 0, words): " +
      "--beam 16 --lm /lm/words.arpa --lm-weight 0.5 --lm-bonus 0 --lm-level word decodes the same way",
  );
  expect(trainingDecoding(greedy, [configOf({ beam: 4, lm: null })])).toBe(
    "hint: training's own table used prefix beam search of width 4: --beam 4 decodes the same way",
  );
});

it.each([
  [
    ["eval.search=joint"],
    "joint CTC/attention search of width 10 (CTC weight 0.3)",
    "--search joint --ctc-weight 0.3 --beam 10",
  ],
  [
    ["eval.search=attention", "eval.length_bonus=0.5", "eval.beam=3"],
    "attention search of width 3, length bonus 0.5",
    "--search attention --length-bonus 0.5 --beam 3",
  ],
  [
    ["eval.search=rescore", "eval.ctc_weight=0.5"],
    "prefix beam search of width 10, rescored by the decoder (CTC weight 0.5)",
    "--search rescore --ctc-weight 0.5 --beam 10",
  ],
])("%j: the hint names the decoder's search, with its numbers", (sets, search, options) => {
  expect(trainingDecoding(greedy, [hybrid(...sets)])).toBe(
    `hint: training's own table used ${search}: ${options} decodes the same way`,
  );
});

it("nothing is hinted at where training was greedy too, or a search was asked for", () => {
  expect(trainingDecoding(greedy, [configOf(greedy)])).toBeNull();
  expect(trainingDecoding(greedy, [hybrid()])).toBeNull();
  expect(trainingDecoding(joint, [hybrid("eval.search=joint")])).toBeNull();
  expect(trainingDecoding({ beam: 8, lm: null }, [configOf(fused)])).toBeNull();
});
