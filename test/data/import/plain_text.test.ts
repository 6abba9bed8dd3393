import { expect, test } from "vitest";
import { cleanText } from "../../../data/import/plain_text.ts";

test("marks, punctuation on combining marks and Turkish capitals", () => {
  const clean = { lowercase: false, punctuation: false };
  expect(cleanText("<unk> one [noise] two", { ...clean, removeMarks: true })).toBe("one two");
  expect(cleanText("\u0915\u0940's e\u0323\u0302'a", clean)).toBe("\u0915\u0940's \u1EC7'a");
  expect(cleanText("m\u0331\u0301's '\u0301x", clean)).toBe("\u1E3F\u0331's x".normalize("NFC"));
  expect(cleanText("one 1\uFE0F\u20E3 \u{1F44B}\uFE0F", clean)).toBe("one 1\uFE0F\u20E3");
  expect(cleanText("\u0130ki", { lowercase: true, punctuation: true })).toBe("iki");
});

test("what joins and tags emoji goes with them; what words are spelled with stays", () => {
  const clean = (text: string): string => cleanText(text, { lowercase: false, punctuation: false });
  expect(clean("a \u{1F468}\u200D\u{1F469}\u200D\u{1F467} b \u{1F3F4}\u{E0067}\u{E0062}\u{E007F}")).toBe("a b");
  expect(clean("well\u2011known co\u2010op don\uFF07t")).toBe("well-known co-op don't");
  expect(clean("col\u00B7lecció \u00B7 a\u00B7")).toBe("col\u00B7lecció a");
  expect(clean("\u05E6\u05D4\u05F4\u05DC \u05D2\u05F3 \u05F4\u05D0")).toBe("\u05E6\u05D4\u05F4\u05DC \u05D2 \u05D0");
  expect(clean("\u06CC\u06A9\u200C\u0647\u0627")).toBe("\u06CC\u06A9\u200C\u0647\u0627");
});

test.each([
  ["“Don’t!” — said Mr. O'Neil-Smith (twice).", "Don't said Mr O'Neil-Smith twice"],
  ["'tis the dogs' 5-year plan - yes", "tis the dogs 5-year plan yes"],
  ["Ba\u0308r & Grün\u2026", "B\u00e4r Grün"],
])("without punctuation: %s", (text, expected) => {
  expect(cleanText(text, { lowercase: false, punctuation: false })).toBe(expected);
  expect(cleanText(text, { lowercase: true, punctuation: false })).toBe(expected.toLowerCase());
});
