import { expect, test } from "vitest";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { wordsOfPieces } from "../../../model/units/words.ts";

const words = (...texts: string[]) =>
  wordsOfPieces(texts.map((text) => ({ text }))).map(({ word, from, to }) => [word, from, to]);

test("words of characters: the labels of the spaces belong to none", () => {
  const units = CharacterUnits.fromTexts(["ab c"]);
  expect(units.wordsOf(units.encode(" ab  c "))).toEqual([
    { word: "ab", from: 1, to: 3 },
    { word: "c", from: 5, to: 6 },
  ]);
  expect(units.wordsOf([])).toEqual([]);
  expect(units.piece(units.encode(" ")[0]!)).toEqual({ text: " ", startsWord: true });
  expect(units.piece(units.encode("a")[0]!)).toEqual({ text: "a", startsWord: false });
  expect(() => units.wordsOf([0])).toThrow("label is 0, expected a class from 1 to 4");
});

test("words of subwords: a space at the start of a piece begins the next word", () => {
  expect(words(" the", " nor", "th", " wind")).toEqual([
    ["the", 0, 1],
    ["north", 1, 3],
    ["wind", 3, 4],
  ]);
});

test("a space alone begins a word, but is not of it", () => {
  expect(words(" ", "a", "b", " ", "c")).toEqual([
    ["ab", 1, 3],
    ["c", 4, 5],
  ]);
});

test("without a space at the start the first piece is a word all the same; pieces without text change nothing", () => {
  expect(words("in", "", "g", " a")).toEqual([
    ["ing", 0, 3],
    ["a", 3, 4],
  ]);
});

test("a piece with a space inside or at its end is of the words on both sides", () => {
  expect(words("of th", "e ", "sea")).toEqual([
    ["of", 0, 1],
    ["the", 0, 2],
    ["sea", 2, 3],
  ]);
});
