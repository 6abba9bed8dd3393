import { expect, test } from "vitest";
import { invisibleIn, lostIn, lowerCase, normaliseText } from "../../../model/units/normal_form.ts";

test("texts that look the same are the same", () => {
  expect(normaliseText(" ne\u0301\u00A0\u3000a\tb\n")).toBe("n\u00E9 a b");
});

test("a byte order mark inside a text separates no words", () => {
  expect(normaliseText("one\uFEFFtwo")).toBe("one\uFEFFtwo");
});

test("lower case leaves no stray mark on Turkish letters", () => {
  expect(lowerCase("\u0130STANBUL")).toBe("istanbul");
  expect(lowerCase("I\u0307stanbul \u00C9")).toBe("istanbul \u00E9");
});

test("invisible characters are found, once each; marks and spaces are not among them", () => {
  expect(invisibleIn("a\u200Bb\u00ADc\uFEFF\u200B\u2060 \u00E9\u0301 \u0915\u0940")).toEqual([
    "\u200B",
    "\u00AD",
    "\uFEFF",
    "\u2060",
  ]);
});

test("code points that are no characters are found, once each; pairs and private ones are not among them", () => {
  expect(lostIn("a\uFFFDb\uD83D\uFFFD \u{1F600}\uE000\uFDD0\u{1FFFF}")).toEqual([
    "\uFFFD",
    "\uD83D",
    "\uFDD0",
    "\u{1FFFF}",
  ]);
});
