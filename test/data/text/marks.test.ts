import { expect, test } from "vitest";
import { marksIn, withoutMarks } from "../../../data/text/marks.ts";
import { cleanText } from "../../../data/import/plain_text.ts";

test("marks of what is no word, of several words too", () => {
  const text = "he [background noise] said <unk> {laugh} [[skip]] <spoken noise> hello <unk>";
  expect(marksIn(text)).toEqual(["[background noise]", "<unk>", "{laugh}", "[[skip]]", "<spoken noise>"]);
  expect(cleanText(text, { lowercase: false, punctuation: true, removeMarks: true })).toBe("he said hello");
});

test("comparisons and lone brackets are none", () => {
  for (const text of ["a < b and c > d", "x > 3 [ 4", "<>", "[]", "( aside )", "don't"]) {
    expect(marksIn(text)).toEqual([]);
    expect(withoutMarks(text)).toBe(text);
  }
});
