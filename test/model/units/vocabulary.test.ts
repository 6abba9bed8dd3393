import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { greedySearch } from "../../../model/decode/greedy.ts";
import { forcedAlignment } from "../../../model/decode/forced_alignment.ts";
import { prefixBeamSearch } from "../../../model/decode/prefix_beam.ts";
import { unitsDifference, unitsFromJSON } from "../../../model/units/restore.ts";
import { VocabularyUnits } from "../../../model/units/vocabulary.ts";

const tokens = { "<s>": 0, "</s>": 1, "<unk>": 2, "|": 3, E: 4, T: 5, "'": 6, "<pad>": 7 };
const units = VocabularyUnits.fromTokens(tokens);

test("the blank is the padding token, the delimiter is the space", () => {
  expect([units.kind, units.blank, units.size]).toEqual(["vocabulary", 7, 8]);
  expect(units.encode("TE' E")).toEqual(Int32Array.of(5, 4, 6, 3, 4));
  expect(units.decode(units.encode("TE' E"))).toBe("TE' E");
  expect(units.decode([3, 5, 4, 3, 3])).toBe("TE");
  expect(units.piece(3)).toEqual({ text: " ", startsWord: true });
  expect(units.wordsOf([5, 4, 3, 4])).toEqual([
    { word: "TE", from: 0, to: 2 },
    { word: "E", from: 3, to: 4 },
  ]);
});

describe("tokens of several characters", () => {
  const several = {
    "<pad>": 0,
    "<s>": 1,
    "[UNK]": 2,
    "|": 3,
    C: 4,
    H: 5,
    CH: 6,
    "k\u02B0": 7,
    "\u00E6\u0303": 8,
    none: 9,
    e: 10,
    "\u0301": 11,
  };
  const longest = VocabularyUnits.fromTokens(several, { special: ["none"] });

  test("are text, and the longest that fits spells it", () => {
    expect(longest.decode([6, 7, 3, 8])).toBe("CHk\u02B0 \u00E6\u0303");
    expect(longest.encode("CHC|H".replace("|", " "))).toEqual(Int32Array.of(6, 4, 3, 5));
    expect(longest.encode("k\u02B0\u00E6\u0303")).toEqual(Int32Array.of(7, 8));
    expect(longest.unknownIn("kH \u00E6")).toEqual(["k", "\u00E6"]);
    expect(unitsDifference(longest, unitsFromJSON(JSON.parse(JSON.stringify(longest))))).toBeNull();
  });

  test("are no text if the tokenizer says so, or by their brackets", () => {
    expect(longest.decode([1, 4, 2, 9])).toBe("C");
    expect(longest.unknownIn("none")).toEqual(["n", "o"]);
  });

  test("a composed character without a token is spelled by its letter and its mark", () => {
    expect(longest.encode("\u00E9e")).toEqual(Int32Array.of(10, 11, 10));
    expect(longest.wordsOf([10, 11]).map(({ word }) => word)).toEqual(["\u00E9"]);
  });
});

test("a reference is written as the tokenizer would", () => {
  const lower = VocabularyUnits.fromTokens({ ...tokens, "\u0130": 8 }, { lowerCase: true });
  expect(lower.normalised(" Te\u0301  \u0130 ")).toBe("t\u00E9 i");
  expect(lower.decode([8])).toBe("i");
  expect(units.normalised("Te")).toBe("Te");
});

test("special tokens and the delimiter itself are no text", () => {
  expect(units.decode([0, 5, 2, 1])).toBe("T");
  expect(units.unknownIn("T|E <s>")).toEqual(["|", "<", "s", ">"]);
});

test("do_lower_case looks texts up in upper case and writes lower case", () => {
  const lower = VocabularyUnits.fromTokens(tokens, { lowerCase: true });
  expect(lower.encode("te T")).toEqual(Int32Array.of(5, 4, 3, 5));
  expect(lower.decode([5, 4])).toBe("te");
  expect(lower.unknownIn("teßx")).toEqual(["ß", "x"]);
  expect(unitsDifference(units, lower)).toBe("class 4 is 'e' instead of 'E'");
});

test("a model may have more classes than the vocabulary names", () => {
  const more = VocabularyUnits.fromTokens(tokens, { size: 10 });
  expect(more.size).toBe(10);
  expect(more.decode([8, 5, 9])).toBe("T");
});

test("JSON round trip, by kind", () => {
  const again = unitsFromJSON(JSON.parse(JSON.stringify(units)));
  expect(again).toBeInstanceOf(VocabularyUnits);
  expect(again.toJSON()).toEqual(units.toJSON());
  expect(unitsDifference(again, units)).toBeNull();
  expect(unitsDifference(VocabularyUnits.fromTokens({ ...tokens, "<pad>": 0, "<s>": 7 }), units)).toBe(
    "its blank is class 7 instead of 0",
  );
});

test("searches and alignment take the blank at the end", () => {
  const path = [7, 5, 5, 7, 4, 7, 4, 7];
  const logProbs = Float32Array.from({ length: path.length * 8 }, (_, i) =>
    path[i >> 3] === i % 8 ? Math.log(0.93) : Math.log(0.01),
  );
  const labels = [5, 4, 4];
  expect([...greedySearch(logProbs, 8, { blank: 7 }).labels]).toEqual(labels);
  expect([...(prefixBeamSearch(logProbs, 8, { beam: 4, blank: 7 })[0]?.labels ?? [])]).toEqual(labels);
  expect(forcedAlignment(logProbs, 8, labels, { blank: 7 })?.spans.map(({ from, to }) => [from, to])).toEqual([
    [1, 3],
    [4, 5],
    [6, 7],
  ]);
});

describe("bad input", () => {
  test("a character that is no token is named, with its text", () => {
    expect(() => units.encode("TEa")).toThrow(
      new UserError(`'a' (U+0061) in the text "TEa" is not among the 4 characters of the model's vocabulary`),
    );
  });

  test("the blank and classes beyond the last have no text", () => {
    for (const label of [7, -1, 8])
      expect(() => units.decode([5, label])).toThrow(
        `label is ${label}, expected a class from 0 to 7 other than the blank, 7`,
      );
  });

  test.each<[string, unknown, object, string]>([
    ["no padding token", { a: 0, b: 1 }, {}, 'it has no padding token "<pad>", which serves as the CTC blank'],
    ["another padding token", tokens, { pad: "[PAD]" }, 'it has no padding token "[PAD]"'],
    ["a list", ["a"], {}, "expected tokens with their numbers"],
    ["several languages", { eng: { a: 0 }, deu: { a: 0 } }, {}, "it holds vocabularies for several languages"],
    ["a number twice", { ...tokens, X: 5 }, {}, 'the number 5 stands for "T" and for "X"'],
    ["more tokens than classes", tokens, { size: 7 }, 'the token "<pad>" has the number 7, but there are 7 classes'],
  ])("%s", (_, json, options, message) => {
    const make = () => VocabularyUnits.fromTokens(json, options, "vocab.json");
    expect(make).toThrow(UserError);
    expect(make).toThrow(/^vocab\.json: /u);
    expect(make).toThrow(message);
  });

  test("in a checkpoint", () => {
    expect(() => unitsFromJSON({ ...units.toJSON(), blank: "0" }, "last.safetensors")).toThrow(
      /^last\.safetensors: not a list of output units: blank: /u,
    );
    expect(() => unitsFromJSON({ ...units.toJSON(), blank: 9 }, "last.safetensors")).toThrow(
      "last.safetensors: the blank has the number 9, but there are 8 classes",
    );
    expect(() => unitsFromJSON(null, "seed.safetensors")).toThrow(
      "seed.safetensors is an encoder without output units",
    );
  });
});
