import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { unitsDifference, unitsFromJSON } from "../../../model/units/restore.ts";
import { SubwordUnits } from "../../../model/units/subword.ts";

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/tokenizers/${name}.json`, import.meta.url), "utf8"));

interface Expected {
  texts: string[];
  bpe: Encoded;
  unigram: Encoded;
}
interface Encoded {
  ids: number[][];
  decoded: string[];
}
const expected = fixture("expected") as Expected;

test("references pass through a tokenizer's normalizer, and everything ends in NFC", () => {
  const json = {
    ...(fixture("bpe") as object),
    normalizer: { type: "Sequence", normalizers: [{ type: "NFD" }, { type: "Lowercase" }] },
  };
  const units = new SubwordUnits(json);
  expect(units.normalised("N\u00C9 a")).toBe("n\u00E9 a");
});

test("the name of a special token in a text is named as such", () => {
  const units = new SubwordUnits(fixture("bpe"));
  const { tokens } = units;
  expect(tokens[0]).toBe("<blank>");
  expect(units.unknownIn("<blank>")).toEqual(["<blank>"]);
  expect(() => units.encode("<blank>")).toThrow(
    'the text "<blank>" has <blank>, the name of a special token: replace it by what was said, or remove it',
  );
});

// What Python's tokenizers make of over 200 texts. Both files have <blank> as token 0, so their ids are the classes.
describe.each(["bpe", "unigram"] as const)("a %s tokenizer of Python's", (kind) => {
  const units = new SubwordUnits(fixture(kind));
  const { ids, decoded } = expected[kind];

  test("encodes and decodes as there", () => {
    expect(ids.length).toBeGreaterThan(200);
    expect(expected.texts.map((text) => [...units.encode(text)])).toEqual(ids);
    expect(ids.map((of) => units.decode(of))).toEqual(decoded);
  });

  test("gives back the text, whole and by words", () => {
    for (const text of expected.texts) {
      const labels = units.encode(text);
      expect(units.decode(labels)).toBe(text);
      expect(
        units
          .wordsOf(labels)
          .map(({ word }) => word)
          .join(" "),
      ).toBe(text);
    }
  });

  test("survives a checkpoint", () => {
    const again = unitsFromJSON(JSON.parse(JSON.stringify(units)));
    expect(again.toJSON()).toEqual(units.toJSON());
    expect(again.encode("the north wind")).toEqual(units.encode("the north wind"));
    expect(unitsDifference(units, again)).toBeNull();
  });

  test("names characters that are in no subword, without an unknown class in their place", () => {
    expect(() => units.encode("the wínd")).toThrow(UserError);
    expect(() => units.encode("the wínd")).toThrow(
      `'í' (U+00ED) in the text "the wínd" is in none of the model's ${units.size - 1} subwords`,
    );
    expect(units.unknownIn("í ê the í")).toEqual(["í", "ê"]);
    expect(units.unknownIn("the wind")).toEqual([]);
    expect(() => units.encode("the\u2581sun")).toThrow("'▁' (U+2581)"); // would come back as a space
  });
});

/** A tokenizer of `▁`, `a`, `b` and `▁a`, with other entries where a test wants them. */
function small({ model = {}, ...rest }: Record<string, unknown> & { model?: object } = {}): Record<string, unknown> {
  const metaspace = { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true };
  return {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: metaspace,
    post_processor: null,
    decoder: metaspace,
    model: { type: "BPE", vocab: { "▁": 0, a: 1, b: 2, "▁a": 3 }, merges: [["▁", "a"]], ...model },
    ...rest,
  };
}

describe("class 0 is the blank", () => {
  test("without a token for it classes are the ids + 1", () => {
    const units = new SubwordUnits(small());
    expect(units.tokens).toEqual(["<blank>", "▁", "a", "b", "▁a"]);
    expect([...units.encode("ab b")]).toEqual([4, 3, 1, 3]);
    expect(units.toJSON().blank).toBe(0);
  });

  test.each(["<blank>", "<blk>", "[BLANK]", "<pad>", "[PAD]"])(
    "a token %s is moved there, wherever it is",
    (content) => {
      const units = new SubwordUnits(
        small({
          model: { vocab: { "▁": 0, a: 1, [content]: 2, b: 3, "▁a": 4 } },
          added_tokens: [{ id: 2, content, special: true }],
        }),
      );
      expect(units.tokens).toEqual([content, "▁", "a", "b", "▁a"]);
      expect([...units.encode("ab b")]).toEqual([4, 3, 1, 3]);
      expect(units.decode([4, 3, 1, 3])).toBe("ab b");
    },
  );

  test("where there are a blank and padding, the padding is a class like other special tokens: one without text", () => {
    const added_tokens = [
      { id: 4, content: "<pad>", special: true },
      { id: 5, content: "<blank>", special: true },
    ];
    const units = new SubwordUnits(small({ added_tokens }));
    expect(units.tokens).toEqual(["<blank>", "▁", "a", "b", "▁a", "<pad>"]);
    expect(units.decode([4, 5, 3])).toBe("ab");
    for (const text of ["<pad>", "a<blank>"]) expect(() => units.encode(text)).toThrow(UserError);
  });

  test("blank and classes beyond the last are no labels", () => {
    for (const label of [0, -1, 5, 1.5])
      expect(() => new SubwordUnits(small()).decode([1, label])).toThrow(
        `label is ${label}, expected a class from 1 to 4`,
      );
  });
});

test("an unknown character is one as well where the file has no token for it", () => {
  expect(() => new SubwordUnits(small()).encode("axb")).toThrow("'x' (U+0078)");
});

test("a piece says whether a word starts with it", () => {
  const units = new SubwordUnits(small());
  expect([1, 2, 4].map((label) => units.piece(label))).toEqual([
    { text: " ", startsWord: true },
    { text: "a", startsWord: false },
    { text: " a", startsWord: true },
  ]);
});

test("no text, no labels", () => {
  const units = new SubwordUnits(small());
  expect([units.encode(""), units.decode([]), units.wordsOf([])]).toEqual([new Int32Array(), "", []]);
});

test("merges as strings, and a model whose type is left out, as older files have them", () => {
  expect([...new SubwordUnits(small({ model: { type: undefined, merges: ["▁ a"] } })).encode("ab b")]).toEqual([
    4, 3, 1, 3,
  ]);
});

describe("one sentence for", () => {
  const metaspace = { type: "Metaspace" };
  test.each<[string, unknown, string]>([
    ["a list", [1], "not a tokenizer.json of Hugging Face's tokenizers: it has no model"],
    ["null", null, "not a tokenizer.json of Hugging Face's tokenizers: it has no model"],
    ["another file", { vocab: {} }, "not a tokenizer.json of Hugging Face's tokenizers: it has no model"],
    [
      "another model",
      small({ model: { type: "WordPiece" } }),
      "the tokenizer's model is of type WordPiece, expected BPE or Unigram",
    ],
    ["no vocab", small({ model: { vocab: undefined } }), "the tokenizer's model has no vocab"],
    ["an empty vocab", small({ model: { vocab: {}, merges: [] } }), "the tokenizer's vocab is empty"],
    [
      "a vocab that is none",
      small({ model: { vocab: { a: "1" } } }),
      "not a usable tokenizer: model.vocab.a: Invalid input: expected number, received string",
    ],
    [
      "no merges",
      small({ model: { merges: undefined } }),
      "not a usable tokenizer: model.merges: Invalid input: expected array, received undefined",
    ],
    [
      "bytes",
      small({ model: { byte_fallback: true } }),
      "not a usable tokenizer: model.byte_fallback: expected false: bytes are not text on their own",
    ],
    [
      "GPT-2's bytes",
      small({ pre_tokenizer: { type: "ByteLevel" } }),
      "the tokenizer's pre_tokenizer is ByteLevel, expected Metaspace, which marks the start of words as SentencePiece does",
    ],
    [
      "no pre-tokenizer",
      small({ pre_tokenizer: null }),
      "the tokenizer's pre_tokenizer is missing, expected Metaspace, which marks the start of words as SentencePiece does",
    ],
    [
      "parts with a suffix",
      small({ model: { end_of_word_suffix: "</w>" } }),
      "not a usable tokenizer: model.end_of_word_suffix: expected none",
    ],
    ["no decoder", small({ decoder: null }), 'not a usable tokenizer: decoder: expected type "Metaspace"'],
    [
      "a normalizer nobody knows",
      small({ normalizer: { type: "Magic" } }),
      "not a usable tokenizer: Unknown Normalizer type: Magic",
    ],
    [
      "an id twice",
      small({ model: { vocab: { "▁": 0, a: 1, b: 1 } } }),
      "the tokenizer uses the id 1 for both 'a' and 'b'",
    ],
    ["an id too many", small({ model: { vocab: { "▁": 0, a: 2 } } }), "the tokenizer has ids up to 2, but lacks 1"],
    [
      "scores that are none",
      small({ pre_tokenizer: metaspace, model: { type: "Unigram", vocab: ["a"] } }),
      "not a usable tokenizer: model.vocab.0: expected a piece and its score",
    ],
  ])("%s", (_, json, message) => {
    expect(() => new SubwordUnits(json, "my.json")).toThrow(UserError);
    expect(() => new SubwordUnits(json, "my.json")).toThrow(new UserError(`my.json: ${message}`));
  });

  test("a checkpoint's units that are none", () => {
    expect(() => unitsFromJSON({ blank: 1, tokenizer: small() }, "last.json")).toThrow(
      "last.json: not a list of output units: blank: ",
    );
    expect(() => unitsFromJSON({ blank: 0, tokenizer: {} }, "last.json")).toThrow("last.json: not a tokenizer.json");
  });
});
