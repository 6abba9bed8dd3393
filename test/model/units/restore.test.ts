import { expect, test } from "vitest";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { unitsDifference } from "../../../model/units/restore.ts";
import { SubwordUnits } from "../../../model/units/subword.ts";
import { bytePairTokenizer } from "../../../data/tokenizer/tokenizer_file.ts";

const subwords = (merges: [string, string][], ...alphabet: string[]): SubwordUnits =>
  new SubwordUnits(
    bytePairTokenizer({
      tokens: ["<blank>", "<unk>", "▁", ...alphabet, ...new Set(merges.map((pair) => pair.join("")))],
      merges,
    }),
  );

test("nothing, between equal ones", () => {
  expect(unitsDifference(new CharacterUnits(["a", "b"]), new CharacterUnits(["a", "b"]))).toBeNull();
  expect(unitsDifference(subwords([["a", "b"]], "a", "b"), subwords([["a", "b"]], "a", "b"))).toBeNull();
});

test("kind, size, first class, and what only encoding shows", () => {
  const before = subwords(
    [
      ["a", "b"],
      ["b", "a"],
    ],
    "a",
    "b",
  );
  expect(unitsDifference(new CharacterUnits(["a"]), before)).toBe("its units are bpe instead of characters");
  expect(unitsDifference(before, subwords([["a", "b"]], "a", "b"))).toBe("it has 6 classes instead of 7");
  expect(
    unitsDifference(
      before,
      subwords(
        [
          ["a", "b"],
          ["a", "a"],
        ],
        "a",
        "b",
      ),
    ),
  ).toBe("class 6 is 'aa' instead of 'ba'");
  expect(unitsDifference(new CharacterUnits(["a", "b"]), new CharacterUnits(["a", "c"]))).toBe(
    "class 2 is 'c' instead of 'b'",
  );

  // Both have ab, bc and abc, but make abc of other parts.
  const left = subwords(
    [
      ["a", "b"],
      ["b", "c"],
      ["ab", "c"],
    ],
    "a",
    "b",
    "c",
  );
  const right = subwords(
    [
      ["a", "b"],
      ["b", "c"],
      ["a", "bc"],
    ],
    "a",
    "b",
    "c",
  );
  expect(unitsDifference(left, right)).toBe("it has the same classes, but splits texts into them differently");
});
