import { expect, test } from "vitest";
import { formatAlignment, formatUtterance, parseAlignments } from "../../../recognition/evaluation/alignment_text.ts";
import {
  addErrors,
  align,
  compareTexts,
  countErrors,
  cutText,
  errorRate,
  noErrors,
} from "../../../recognition/evaluation/error_rate.ts";

const alignWords = (ref: string, hyp: string) => align(cutText(ref, "word"), cutText(hyp, "word"));

test("an alignment lists every step", () => {
  expect(alignWords("one two three", "one seven oh three four")).toEqual([
    { op: "correct", ref: "one", hyp: "one" },
    { op: "insertion", ref: null, hyp: "seven" },
    { op: "substitution", ref: "two", hyp: "oh" },
    { op: "correct", ref: "three", hyp: "three" },
    { op: "insertion", ref: null, hyp: "four" },
  ]);
  expect(alignWords("a b", "b")).toEqual([
    { op: "deletion", ref: "a", hyp: null },
    { op: "correct", ref: "b", hyp: "b" },
  ]);
  expect(align([], [])).toEqual([]);
});

test("an alignment spells both sides and has as few errors as there can be", () => {
  const [ref, hyp] = [[..."kitten sitting on a mat"], [..."sitting kitten in the hat"]];
  const steps = align(ref, hyp);
  expect(steps.flatMap((s) => s.ref ?? [])).toEqual(ref);
  expect(steps.flatMap((s) => s.hyp ?? [])).toEqual(hyp);
  expect(compareTexts("kitten", "sitting", "character")).toEqual({
    substitutions: 2,
    deletions: 0,
    insertions: 1,
    references: 6,
  });
});

test("a corpus adds counts up and does not average rates", () => {
  const parts = [compareTexts("one", "two", "word"), compareTexts("a b c d e f g", "a b c d e f g", "word")];
  expect(addErrors(parts)).toEqual({ substitutions: 1, deletions: 0, insertions: 0, references: 8 });
  expect(errorRate(addErrors(parts))).toBe(1 / 8);
  expect(addErrors([])).toEqual(noErrors());
});

test("texts that look the same are the same", () => {
  expect(errorRate(compareTexts("n\u00E9 a", "ne\u0301  a", "word"))).toBe(0);
  expect(errorRate(compareTexts("n\u00E9 a", "ne\u0301 a", "character"))).toBe(0);
  expect(cutText("one\uFEFFtwo", "word")).toHaveLength(1);
});

test("rates without a reference", () => {
  expect(errorRate(compareTexts("", "", "word"))).toBeNaN();
  expect(errorRate(compareTexts("", "noise", "word"))).toBe(Infinity);
  expect(errorRate(compareTexts("one", "one two three", "word"))).toBe(2);
});

test("an alignment as text: aligned columns, gaps, marks", () => {
  expect(formatAlignment(alignWords("one two three", "one seven oh"))).toBe(
    ["REF  one two   three", "HYP  one seven oh", "ERR      S     S"].join("\n"),
  );
  expect(formatAlignment(alignWords("a größer c", "größer c i"))).toBe(
    ["REF  a   größer c ***", "HYP  *** größer c i", "ERR  D            I"].join("\n"),
  );
  expect(formatAlignment(alignWords("one two", "one two"))).toBe("REF  one two\nHYP  one two");
  expect(formatAlignment([])).toBe("REF\nHYP");
});

test("an utterance of the alignment file", () => {
  const alignment = alignWords("one two", "one");
  expect(formatUtterance("george_7", alignment)).toBe(
    "george_7 (0 substituted, 1 deleted, 0 inserted, of 2)\nREF  one two\nHYP  one ***\nERR      D\n\n",
  );
  expect(countErrors(alignment).references).toBe(2);
});

test("alignments are read as they are written", () => {
  const pairs: [string, string][] = [
    ["one two three", "one seven oh three"],
    ["", "oh"],
    ["nine", ""],
    ["a", "a"],
    ["é ö", "é u"],
  ];
  const written = pairs.map(([ref, hyp], i) => ({
    id: `speaker (x) ${i}`,
    alignment: align(ref.split(" ").filter(Boolean), hyp.split(" ").filter(Boolean)),
  }));
  expect(parseAlignments(written.map(({ id, alignment }) => formatUtterance(id, alignment)).join("\n"))).toEqual(
    written,
  );
});
