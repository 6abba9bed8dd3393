import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { uniform } from "../../../engine/random.ts";
import { expectMeasuredOn, mostSensitive } from "../../../checkpoint/hugging_face/kept_layers.ts";
import type { SensitivityFile } from "../../../checkpoint/sensitivity_file.ts";

const BLOCKS = 7;
const kept = (layers: number) => ({ layers, by: "s.json" });
const folder = { path: "base", config: { kind: "hubert", blocks: BLOCKS } };

/** A measurement with these numbers of errors in ten words, a layer each. */
const measured = (errors: readonly number[]): SensitivityFile => ({
  model: { kind: "hubert", blocks: BLOCKS, sha256: "a" },
  depth: BLOCKS,
  schedule: errors.map((_, block) => block),
  words: 10,
  wer: 0.1,
  leftOut: errors.map((substitutions, block) => ({
    block,
    wer: substitutions / 10,
    substitutions,
    deletions: 0,
    insertions: 0,
  })),
});

/** Of all choices of layers, the first in alphabetical order of those whose errors have the largest sum. */
function bestByBruteForce(errors: readonly number[], layers: number): number[] {
  const choices = Array.from({ length: 2 ** errors.length }, (_, bits) =>
    errors.flatMap((_error, layer) => ((bits >> layer) & 1 ? [layer] : [])),
  ).filter(({ length }) => length === layers);
  const sum = (choice: readonly number[]): number => choice.reduce((total, layer) => total + errors[layer]!, 0);
  return choices.sort((a, b) => sum(b) - sum(a) || (a.join(" ") < b.join(" ") ? -1 : 1))[0]!;
}

it("are those that hurt most together, of equal ones the earlier, in their original order", () => {
  for (let trial = 0; trial < 50; trial++) {
    const errors = Array.from({ length: BLOCKS }, (_, layer) => Math.floor(6 * uniform(trial, layer))); // with ties
    for (let layers = 1; layers <= BLOCKS; layers++)
      expect(mostSensitive(measured(errors), kept(layers), folder)).toEqual(bestByBruteForce(errors, layers));
  }
});

it("are refused in one sentence: more than there are, or by a measurement of another model or of some layers", () => {
  const errors = [3, 1, 4, 1, 5, 9, 2];
  expect(() => mostSensitive(measured(errors), kept(8), folder)).toThrow(
    new UserError("--keep: expected at most the model's 7 layers, got 8"),
  );
  for (const config of [
    { kind: "hubert", blocks: 12 },
    { kind: "wav2vec2", blocks: 7 },
  ])
    expect(() => mostSensitive(measured(errors), kept(2), { path: "base", config })).toThrow(
      new UserError(
        `--by: s.json was measured on a hubert model of 7 blocks, but base is a ${config.kind} model of ${config.blocks} layers`,
      ),
    );
  const some = measured(errors);
  expect(() => mostSensitive({ ...some, depth: 2, leftOut: some.leftOut.slice(1, 3) }, kept(2), folder)).toThrow(
    new UserError(
      "--by: s.json must have the error rate without each of the layers 0 to 6, but at its depth 2 it has those without 1 2: measure a depth that runs every layer",
    ),
  );
  const identity = { kind: "hubert", blocks: 7, sha256: "b" };
  expect(() => expectMeasuredOn(some, kept(2), folder, identity)).toThrow(
    new UserError(
      "--by: s.json was measured on layers with other weights than those of base: measure the checkpoint that unfold import makes of all its layers",
    ),
  );
  expect(() => expectMeasuredOn(some, kept(2), folder, { ...identity, sha256: "a" })).not.toThrow();
});
