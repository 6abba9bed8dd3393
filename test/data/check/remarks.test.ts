import { expect, test } from "vitest";
import { characterRemarks, remarksOn } from "../../../data/check/remarks.ts";
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

test("characters that nobody sees, or that were lost, are named with their code points and where they are first", () => {
  const texts = ["one", "t\u200Bwo", "caf\uFFFD\u200B", "x\uD800"];
  expect(characterRemarks(texts.map((text, i) => ({ text, source: `m.jsonl, line ${i + 1}` })))).toEqual([
    "2 of 4 texts have the invisible character U+200B, which a model learns like a letter (first in m.jsonl, line 2)",
    "1 of 4 texts have U+FFFD in place of a character that was lost when their encoding was converted (first in m.jsonl, line 3)",
    "1 of 4 texts have U+D800 in place of a character that was lost when their encoding was converted (first in m.jsonl, line 4)",
  ]);
});
