import { describe, expect, it } from "vitest";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { TimedText } from "../../recognition/alignment/timed_text.ts";
import { joinWords, wordsOfChunk, type ChunkWords } from "../../recognition/chunk_words.ts";

const said = (words: readonly TimedText[]): string => words.map(({ text }) => text).join(" ");

/** A chunk of 100 frames from `from` on, and its words as `text start-end`. */
const chunk = (from: number, ...words: string[]): ChunkWords => ({
  from,
  to: from + 100,
  aligned: true,
  words: words.map((word) => {
    const [text, start, end] = word.split(/[ -]/u) as [string, string, string];
    return { text, start: Number(start), end: Number(end), confidence: 1 };
  }),
});

// Chunks 0-100 and 60-160 overlap in 60-100, and the cut is from 70 to 90.
describe("joinWords", () => {
  it("takes what both found once, though its times differ by a frame", () => {
    const [before, after] = [chunk(0, "so 2-9", "river 78-79"), chunk(60, "river 80-81", "swam 130-140")];
    expect(said(joinWords([before, after]))).toBe("so river swam");
  });

  it("cuts in the longest pause of both, so that a word half heard at a chunk's end is taken from its neighbour", () => {
    const before = chunk(0, "went 50-58", "to 63-66", "the 86-88", "rif 95-100");
    const after = chunk(60, "o 61-65", "the 86-89", "river 95-104", "and 110-113");
    expect(said(joinWords([before, after]))).toBe("went to the river and");
  });

  it("takes a word that covers all of it once, from the first chunk if it has found it", () => {
    expect(said(joinWords([chunk(0, "long 60-99"), chunk(60, "longer 65-98")]))).toBe("long");
    expect(said(joinWords([chunk(0, "long 63-99"), chunk(60, "longer 61-98", "day 110-112")]))).toBe("long day");
    expect(said(joinWords([chunk(0, "so 40-50"), chunk(60, "longer 61-98", "day 110-112")]))).toBe("so longer day");
  });

  it("cuts in the middle of silence, and at the border of chunks that do not overlap", () => {
    expect(said(joinWords([chunk(0, "a 62-63", "b 97-98"), chunk(60, "c 62-63", "d 97-98")]))).toBe("a d");
    expect(said(joinWords([chunk(0, "a 90-100"), chunk(100, "b 100-101")]))).toBe("a b");
  });

  it("takes no word twice where three chunks overlap", () => {
    const words = ["a 45-47", "b 55-57", "c 65-67", "d 75-77", "e 85-87"];
    const chunks = [0, 10, 20, 30].map((from) => chunk(from, ...words));
    expect(said(joinWords(chunks))).toBe("a b c d e");
  });

  it("joins nothing to nothing", () => {
    expect(joinWords([chunk(0), chunk(60)])).toEqual([]);
    expect(joinWords([])).toEqual([]);
  });
});

describe("wordsOfChunk", () => {
  const units = new CharacterUnits([" ", "a", "b"]);
  const model = { config: { vocabulary: 5, blank: 0, inputDim: 1, dim: 1, blocks: 1 } };
  /** Log-probabilities of a path with these classes. */
  const path = (...classes: number[]): Float32Array =>
    Float32Array.from({ length: 5 * classes.length }, (_, i) =>
      Math.log(i % 5 === classes[Math.floor(i / 5)] ? 0.8 : 0.05),
    );

  it("times words by the frames of the recording", () => {
    const { words, ...rest } = wordsOfChunk(path(2, 0, 1, 3, 3, 0, 2), Int32Array.of(2, 1, 3, 2), model, units, 30);
    expect(rest).toEqual({ from: 30, to: 37, aligned: true });
    expect(words.map(({ text, start, end }) => [text, start, end])).toEqual([
      ["a", 30, 31],
      ["ba", 33, 37],
    ]);
  });

  it("spreads a text that CTC has no path for, and says so", () => {
    const { words, aligned } = wordsOfChunk(path(0, 0, 0, 0), Int32Array.of(2, 2, 1, 3), model, units, 8);
    expect(aligned).toBe(false);
    expect(words.map(({ text, start, end }) => [text, start, end])).toEqual([
      ["aa", 8, 10],
      ["b", 11, 12],
    ]);
  });

  it("finds no words in an empty text", () => {
    expect(wordsOfChunk(path(0, 0), new Int32Array(), model, units, 0)).toEqual({
      from: 0,
      to: 2,
      aligned: true,
      words: [],
    });
  });
});
