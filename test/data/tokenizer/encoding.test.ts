import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readTokenizer } from "../../../data/tokenizer/tokenizer_file.ts";
import { readVocabulary } from "../../../data/tokenizer/vocabulary_file.ts";

test("a tokenizer or vocabulary in another encoding is refused with its line", () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-encoding-"));
  try {
    const file = join(folder, "vocab.json");
    writeFileSync(file, Buffer.from('{\n"<pad>": 0, "|": 1,\n"\u00e9": 2}', "latin1"));
    const message = `${file}, line 3: not UTF-8; save the file in that encoding`;
    expect(() => readVocabulary(file)).toThrow(message);
    expect(() => readTokenizer(file)).toThrow(message);
    writeFileSync(file, '\uFEFF{"<pad>": 0, "|": 1, "\u00e9": 2}');
    expect(readVocabulary(file).size).toBe(3);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
