import { expect, test } from "vitest";
import { remarksOn } from "../../../data/check/remarks.ts";
import { vocabularyOf } from "../../../data/check/vocabulary.ts";

test("utterances with the id of an earlier one are named", () => {
  const heard = ["a", "b", "a", "c", "a", "b"].map((id) => ({
    id,
    seconds: 1,
    sampleRate: 8000,
    channels: 1,
    clipped: 0,
  }));
  const vocabulary = vocabularyOf(["x"]);
  expect(remarksOn(heard, vocabulary, 8000)).toEqual([
    "3 of 6 have the id of an earlier one, so reports cannot tell them apart: a, a, b",
  ]);
  expect(remarksOn(heard.slice(0, 2), vocabulary, 8000)).toEqual([]);
});
