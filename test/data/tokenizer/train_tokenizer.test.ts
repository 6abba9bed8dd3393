import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { readTokenizer } from "../../../data/tokenizer/tokenizer_file.ts";
import { trainTokenizer, type TokenizerOptions } from "../../../data/tokenizer/train_tokenizer.ts";
import { corpusLines, writeManifest } from "../../small_corpus.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-train-tokenizer-"));
  writeManifest(at("train.jsonl"), corpusLines());
  writeManifest(at("mark.jsonl"), [{ audio_filepath: "c.wav", text: "a\u2581b" }]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const make = (options: Partial<TokenizerOptions>) =>
  trainTokenizer({
    manifests: [at("train.jsonl")],
    kind: "bpe",
    size: 6,
    out: at("new.json"),
    observer: silentObserver,
    ...options,
  });

/** The one sentence of a UserError, with paths relative to the folder. */
async function complaint(action: () => unknown): Promise<string> {
  const error = await Promise.resolve()
    .then(action)
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  return (error as Error).message.replaceAll(`${folder}/`, "");
}

it("the name of a special token in a text is refused before anything is learned; other marks are named", async () => {
  writeManifest(at("unk.jsonl"), [...corpusLines(), { audio_filepath: "c.wav", text: "a <unk> b" }]);
  expect(await complaint(() => make({ manifests: [at("unk.jsonl")] }))).toBe(
    `unk.jsonl, line ${corpusLines().length + 1}: the text has "<unk>", the name of a special token: replace it by what was said, or remove it and other marks (unfold data import jsonl MANIFEST --remove-marks)`,
  );
  writeManifest(at("noise.jsonl"), [...corpusLines(), { audio_filepath: "c.wav", text: "a [noise]" }]);
  const messages: string[] = [];
  const observer = { ...silentObserver, message: (text: string) => void messages.push(text) };
  await make({ manifests: [at("noise.jsonl")], kind: "characters", size: null, out: at("noise.json"), observer });
  expect(messages).toEqual([
    expect.stringMatching(/^warning: 1 of \d+ texts have marks that are no words: \[noise\] /),
  ]);
});

it("the file is the tokenizer that it gives, each time the same", async () => {
  const { units } = await make({ out: at("one.json"), size: 8 });
  await make({ out: at("two.json"), size: 8 });
  expect(readTokenizer(at("one.json")).toJSON()).toEqual(units.toJSON());
  expect(readFileSync(at("two.json")).equals(readFileSync(at("one.json")))).toBe(true);
  expect(units.tokens).toEqual(["<blank>", "<unk>", "a", "b", "▁", "▁a", "▁b", "▁ab"]);
});

it("of characters it merges nothing", async () => {
  await make({ kind: "characters", size: null, out: at("characters.json") });
  const { model } = JSON.parse(readFileSync(at("characters.json"), "utf8")) as { model: unknown };
  expect(model).toMatchObject({ type: "BPE", vocab: { "<blank>": 0, "<unk>": 1, a: 2, b: 3, "▁": 4 }, merges: [] });
});

describe("one sentence for, and nothing written at", () => {
  it.each<[string, Partial<TokenizerOptions>, string]>([
    [
      "a size too small",
      { size: 4 },
      "a size of 4 is too small: the 2 characters of the texts, the word marker and <blank> and <unk> need 5",
    ],
    [
      "a size too large",
      { size: 99 },
      "a size of 99 is too large: the texts give at most 8 tokens, since pairs seen only once are not merged",
    ],
    [
      "a manifest that is not there",
      { manifests: ["none.jsonl"] },
      "cannot read the manifest none.jsonl: there is no such file",
    ],
  ])("%s", async (_, options, message) => {
    expect(await complaint(() => make(options))).toBe(message);
    expect(readdirSync(folder)).not.toContain("new.json");
  });

  it("a text with the mark of words", async () => {
    expect(await complaint(() => make({ manifests: [at("mark.jsonl")], kind: "characters", size: null }))).toMatch(
      /^'▁' \(U\+2581\) in the text "a▁b" is in none of the model's \d subwords$/u,
    );
    expect(readdirSync(folder)).not.toContain("new.json");
  });

  it("a file that is there already, which stays", async () => {
    writeFileSync(at("mine.json"), "mine");
    expect(await complaint(() => make({ out: at("mine.json") }))).toBe(
      "mine.json already exists: choose another file with --out, or add --force",
    );
    expect(readFileSync(at("mine.json"), "utf8")).toBe("mine");
  });
});

it("forced, a file that is there is written over, but no folder", async () => {
  writeFileSync(at("old.json"), "mine");
  await make({ out: at("old.json"), force: true });
  expect(readTokenizer(at("old.json")).size).toBe(6);
  mkdirSync(at("folder.json"));
  expect(await complaint(() => make({ out: at("folder.json"), force: true }))).toBe(
    "--out: folder.json is a folder, expected the name of a file",
  );
});

describe("reading one says in one sentence that", () => {
  it("it is not there", async () => {
    expect(await complaint(() => readTokenizer(at("none.json")))).toBe(
      "cannot read the tokenizer none.json: there is no such file",
    );
  });

  it("it is not JSON", async () => {
    writeFileSync(at("quotes.json"), "{'model': 1}");
    expect(await complaint(() => readTokenizer(at("quotes.json")))).toMatch(/^quotes\.json: not JSON: [^\n]+$/u);
  });
});

describe("a config's units", () => {
  const load = (units: string) => {
    writeFileSync(
      at("config.yaml"),
      `data: { train: train.jsonl, dev: train.jsonl, folder: /data }\nunits: ${units}\n`,
    );
    return loadConfig(at("config.yaml"));
  };

  it("are characters unless it says otherwise; a tokenizer's path starts at the config", () => {
    expect(load("{}").units).toEqual({ kind: "characters", tokenizer: null, vocabulary: null });
    expect(load("{ kind: bpe, tokenizer: bpe.json }").units).toEqual({
      kind: "bpe",
      tokenizer: at("bpe.json"),
      vocabulary: null,
    });
  });

  it.each([
    [
      "{ kind: bpe }",
      "config.yaml, line 2: units.tokenizer is needed by kind bpe: make one with unfold tokenizer train.",
    ],
    [
      "{ tokenizer: bpe.json }",
      "config.yaml, line 2: units.tokenizer belongs to kind bpe, but units.kind is characters.",
    ],
    [
      "{ kind: words }",
      'config.yaml, line 2: units.kind: expected "characters" or "bpe" or "vocabulary", got "words".',
    ],
  ])("%s is refused", async (units, message) => {
    expect(await complaint(() => load(units))).toBe(message);
  });
});
