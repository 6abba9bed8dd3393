import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";

const units = CharacterUnits.fromTexts(["one two", "Bär 🙂"]);

test("classes are the blank, then the sorted characters", () => {
  expect(units.characters).toEqual([" ", "B", "e", "n", "o", "r", "t", "w", "ä", "🙂"]);
  expect(units.size).toBe(11);
  expect(units.encode("no 🙂")).toEqual(Int32Array.of(4, 5, 1, 10));
  expect(units.encode("")).toEqual(new Int32Array());
});

test("the space is a unit even where every text is one word", () => {
  expect(CharacterUnits.fromTexts(["one", "two"]).characters).toEqual([" ", "e", "n", "o", "t", "w"]);
});

test("code points decide the order, beyond the first plane as well", () => {
  expect(CharacterUnits.fromTexts(["𝄞ﬁ"]).characters).toEqual([" ", "ﬁ", "𝄞"]); // U+FB01 before U+1D11E
});

test("decode undoes encode", () => {
  expect(units.decode(units.encode("Bär two 🙂 one"))).toBe("Bär two 🙂 one");
});

describe("bad input", () => {
  test("a character that is no unit is named, with its text", () => {
    expect(() => units.encode("two ö")).toThrow(UserError);
    expect(() => units.encode("two ö")).toThrow(
      /^'ö' \(U\+00F6\) in the text "two ö" is not among the model's 10 characters$/u,
    );
    expect(() => units.encode("tWo")).toThrow(
      /^'W' \(U\+0057\) in the text "tWo" is not among the model's 10 characters, though 'w' is: the model's texts are in the other case$/u,
    );
    expect(units.unknownIn("xöx one")).toEqual(["x", "ö"]);
  });

  test("decode refuses the blank and classes beyond the last", () => {
    for (const label of [0, -1, 11])
      expect(() => units.decode([1, label])).toThrow(`label is ${label}, expected a class from 1 to 10`);
  });
});

describe("JSON", () => {
  test("round trip", () => {
    const again = CharacterUnits.fromJSON(JSON.parse(JSON.stringify(units)));
    expect(again.characters).toEqual(units.characters);
    expect(again.encode("two")).toEqual(units.encode("two"));
  });

  test.each([
    [null, "expected object"],
    [{ blank: 0 }, "characters"],
    [{ blank: 1, characters: ["a"] }, "blank"],
    [{ blank: 0, characters: ["ab"] }, "single characters"],
    [{ blank: 0, characters: ["a", "a"] }, "each character once"],
    [{ blank: 0, characters: ["a"], more: 1 }, "more"],
  ])("refuses %j", (json, message) => {
    expect(() => CharacterUnits.fromJSON(json, "last.json")).toThrow(UserError);
    expect(() => CharacterUnits.fromJSON(json, "last.json")).toThrow(/^last\.json: not a list of output units: /);
    expect(() => CharacterUnits.fromJSON(json, "last.json")).toThrow(message);
  });
});
