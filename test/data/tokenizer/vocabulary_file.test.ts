import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTokenizer } from "../../../data/tokenizer/tokenizer_file.ts";
import { readVocabulary } from "../../../data/tokenizer/vocabulary_file.ts";
import { VocabularyUnits } from "../../../model/units/vocabulary.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-vocabulary-"))));
afterEach(() => rmSync(folder, { recursive: true }));

test("a tokenizer or vocabulary in another encoding is refused with its line", () => {
  const file = at("vocab.json");
  writeFileSync(file, Buffer.from('{\n"<pad>": 0, "|": 1,\n"\u00e9": 2}', "latin1"));
  const message = `${file}, line 3: not UTF-8; save the file in that encoding`;
  expect(() => readVocabulary(file)).toThrow(message);
  expect(() => readTokenizer(file)).toThrow(message);
  writeFileSync(file, '\uFEFF{"<pad>": 0, "|": 1, "\u00e9": 2}');
  expect(readVocabulary(file).size).toBe(3);
});

describe("tokens that were added to a vocabulary", () => {
  const write = (name: string, content: unknown): void => writeFileSync(at(name), JSON.stringify(content));
  beforeEach(() => write("vocab.json", { "<pad>": 0, "|": 1, a: 2, b: 3 }));
  const textOf = (label: number, size?: number): string =>
    readVocabulary(at("vocab.json"), size === undefined ? {} : { size }).decode([label]);

  test("are units if they are text, as in transformers", () => {
    write("added_tokens.json", { "<s>": 4, "</s>": 5, "\u00e6\u0303": 6, EOS: 7 });
    write("special_tokens_map.json", { eos_token: "EOS" });
    expect([4, 5, 6, 7].map((label) => textOf(label, 8))).toEqual(["", "", "\u00e6\u0303", ""]);
    expect([...readVocabulary(at("vocab.json"), { size: 8 }).encode("a\u00e6\u0303")]).toEqual([2, 6]);
  });

  test("may be in tokenizer_config.json", () => {
    write("tokenizer_config.json", {
      added_tokens_decoder: {
        0: { content: "<pad>", special: true },
        4: { content: "sch", lstrip: false },
        5: { content: "beginning", special: true },
      },
    });
    expect([4, 5].map((label) => textOf(label, 6))).toEqual(["sch", ""]);
  });

  test("that tokenizer_config.json calls special are no text, wherever else they are; the word delimiter stays one", () => {
    write("tokenizer_config.json", {
      added_tokens_decoder: {
        1: { content: "|", special: true },
        4: { content: "EOS", special: true },
        5: { content: "BOS", special: true },
      },
    });
    write("added_tokens.json", { EOS: 4 });
    write("vocab.json", { "<pad>": 0, "|": 1, a: 2, b: 3, BOS: 5 });
    const units = readVocabulary(at("vocab.json"), { size: 6 });
    expect(units.decode([2, 4, 1, 5, 3])).toBe("a b");
    expect(VocabularyUnits.fromJSON(units.toJSON()).decode([2, 4, 1, 5, 3])).toBe("a b");
    expect(units.toJSON().special).toEqual(["BOS"]);
  });

  test("without an output of the model are none", () => {
    write("added_tokens.json", { x: 4, y: 5 });
    expect(textOf(4, 5)).toBe("x");
    expect(readVocabulary(at("vocab.json"), { size: 5 }).unknownIn("xy")).toEqual(["y"]);
  });

  test("with numbers that are taken are refused", () => {
    write("added_tokens.json", { x: 3 });
    expect(() => readVocabulary(at("vocab.json"))).toThrow(/the number 3 stands for "b" and for "x"$/);
  });
});
