import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, unfold } from "../built.ts";
import { corpusLines, writeManifest } from "../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

/** Words that begin with `@` are files of the folder. Paths in what it prints are relative to it. */
async function run(words: string[]) {
  const { status, stdout, stderr } = await unfold(
    words.map((word) => (word.startsWith("@") ? at(word.slice(1)) : word)),
  );
  return { status, stdout: stdout.replaceAll(`${folder}/`, ""), stderr: stderr.replaceAll(`${folder}/`, "") };
}

beforeAll(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-tokenizer-"));
  writeManifest(at("train.jsonl"), corpusLines());
  writeManifest(at("more.jsonl"), [{ audio_filepath: "c.wav", text: "c ab" }]);
  writeFileSync(at("there.json"), "mine");
  writeFileSync(at("word_piece.json"), JSON.stringify({ model: { type: "WordPiece", vocab: { a: 0 } } }));
  writeFileSync(
    at("word_piece.yaml"),
    "data: { train: train.jsonl, dev: train.jsonl }\nunits: { kind: bpe, tokenizer: word_piece.json }\n",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("train writes a tokenizer.json of several manifests, and encode shows what it does", async () => {
  const trained = await run([
    "tokenizer",
    "train",
    "@train.jsonl",
    "@more.jsonl",
    "--size",
    "8",
    "--out",
    "@deep/bpe.json",
  ]);
  expect(trained).toMatchObject({
    status: 0,
    stdout: "deep/bpe.json: 8 tokens from 7 texts; 2.1 tokens per text, which has 2.3 characters on average\n",
  });
  expect(readdirSync(at("deep"))).toEqual(["bpe.json"]);
  expect(await run(["tokenizer", "encode", "@deep/bpe.json", " ab  ca "])).toEqual({
    status: 0,
    stdout: "7\t▁ab\n5\t▁\n4\tc\n2\ta\n",
    stderr: "",
  });
});

describe("one sentence and exit code 2 for", () => {
  const train = (...more: string[]) => ["tokenizer", "train", "@train.jsonl", ...more];
  it.concurrent.each<[string, string[], string]>([
    ["no size", train("--out", "@new.json"), "--size: expected the number of tokens, such as 500"],
    [
      "a size that is none",
      train("--out", "@new.json", "--size", "1e3"),
      "--size: expected a whole number from 1 to 9999999, got '1e3'",
    ],
    [
      "a size of characters",
      train("--out", "@new.json", "--size", "9", "--kind", "characters"),
      "--size: cannot be combined with --kind characters, whose number depends on the texts",
    ],
    [
      "a file that is there",
      train("--out", "@there.json", "--size", "6"),
      "there.json already exists: choose another file with --out, or add --force",
    ],
    [
      "a config with a tokenizer of another model",
      ["train", "@word_piece.yaml", "--out", "@run"],
      "word_piece.json: the tokenizer's model is of type WordPiece, expected BPE or Unigram",
    ],
  ])("%s", async (_, words, message) => {
    const { status, stderr } = await run(words);
    const complaint = stderr.split("\n").filter((line) => line.startsWith("unfold: "));
    expect({ status, complaint }).toEqual({ status: 2, complaint: [`unfold: ${message}`] });
  });
});

it("--force writes over a file", async () => {
  writeFileSync(at("old.json"), "mine");
  expect(
    await run(["tokenizer", "train", "@train.jsonl", "--size", "6", "--out", "@old.json", "--force"]),
  ).toMatchObject({ status: 0 });
  expect(JSON.parse(readFileSync(at("old.json"), "utf8"))).toMatchObject({ model: { type: "BPE" } });
});

it("none of these wrote a tokenizer or changed a file", () => {
  expect(readdirSync(folder)).not.toContain("new.json");
  expect(readFileSync(at("there.json"), "utf8")).toBe("mine");
});
