import { expect, test } from "vitest";
import { marksIn, withoutMarks } from "../../../data/text/marks.ts";
import { cleanText } from "../../../data/import/plain_text.ts";

test("marks of what is no word, of several words too", () => {
  const text = "he [background noise] said <unk> {laugh} [[skip]] <spoken noise> hello <unk>";
  expect(marksIn(text)).toEqual(["[background noise]", "<unk>", "{laugh}", "[[skip]]", "<spoken noise>"]);
  expect(cleanText(text, { lowercase: false, punctuation: true, removeMarks: true })).toBe("he said hello");
});

test("brackets within brackets are one mark", () => {
  for (const mark of ["[[a] b]", "[a[b]c]", "[a [b]]", "{a {b} c}", "[[a b]]", "[he said]"]) {
    expect(marksIn(`x ${mark} y`)).toEqual([mark]);
    expect(withoutMarks(`x ${mark} y`)).toBe("x   y");
  }
  expect(marksIn("[a [b] and [c")).toEqual(["[b]"]);
});

test("marks of many forms, next to punctuation and in scripts without spaces", () => {
  for (const mark of ["</s>", "<|en|>", "<*>", "<SPOKEN_NOISE>", "<v Anna>", "<noise2>", "<!SIL>", "<bruit étrange>"])
    expect(marksIn(`(${mark}) a, ${mark} b`)).toEqual([mark]);
  expect(withoutMarks("\u4F60\u597D<unk>\u4E16\u754C")).toBe("\u4F60\u597D \u4E16\u754C");
});

test("no word of comparisons is removed", () => {
  for (const text of [
    "if a<b then c>d",
    "if a <b then c> d",
    "1 <2 and 3> 2",
    "x <-3 and y> 2",
    "x <=y and z> 2",
    "a <b, c> d",
    "is a <b? c> d",
    "x<y>z",
    "2<x>1",
    "\u7532<\u4E59\u4E14\u4E19>\u4E01",
  ]) {
    expect(marksIn(text)).toEqual([]);
    expect(cleanText(text, { lowercase: false, punctuation: true, removeMarks: true })).toBe(text);
  }
});

test("comparisons and lone brackets are none", () => {
  for (const text of ["a < b and c > d", "x > 3 [ 4", "<>", "[]", "( aside )", "don't"]) {
    expect(marksIn(text)).toEqual([]);
    expect(withoutMarks(text)).toBe(text);
  }
});
