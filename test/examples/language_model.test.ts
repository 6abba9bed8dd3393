import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArpa } from "../../model/decode/arpa.ts";
import { node } from "../built.ts";

let folder: string;
let manifest: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-example-lm-"));
  manifest = join(folder, "train.jsonl");
  const texts = ["one two", "two  one one", "one two three", "three"];
  writeFileSync(manifest, texts.map((text) => `${JSON.stringify({ audio_filepath: "a.wav", text })}\n`).join(""));
});
afterAll(() => rmSync(folder, { recursive: true }));

const estimate = (...words: string[]) => node(["examples/fsdd/language_model.mjs", ...words]);

describe("the example's language model", () => {
  it.each([
    ["words", "3", ["one", "two", "three"], ["", "one", "one two", "two one one", "three three", "four"]],
    ["characters", "4", [..."onetwhr", "<space>"], ["", "o n", "t w o", "o <space> t", "e e e", "x"]],
  ])("of %s gives all words together the probability 1 in any context", async (unit, order, vocabulary, contexts) => {
    const { status, stdout } = await estimate(manifest, order, unit);
    expect(status).toBe(0);
    const model = await parseArpa(stdout.split("\n"), "stdout");
    expect([model.order, model.vocabulary]).toEqual([Number(order), vocabulary.length + 3]); // <s>, </s>, <unk>
    for (const text of contexts) {
      const context = text
        .split(" ")
        .filter((word) => word !== "")
        .reduce((at, word) => model.next(at, word).context, model.begin);
      const sum = [...vocabulary, "<unk>"].reduce(
        (total, word) => total + Math.exp(model.next(context, word).logProb),
        Math.exp(model.end(context)),
      );
      expect(sum).toBeCloseTo(1, 4);
    }
  });

  it("has the probabilities of interpolated Witten-Bell smoothing", async () => {
    const model = await parseArpa((await estimate(manifest, "2", "words")).stdout.split("\n"), "stdout");
    // 13 words with </s>, of 4 kinds: one 4, two 3, three 2, </s> 4. "two" is followed by one, three and </s>, once each.
    const three = (2 + 4 * (1 / 5)) / (13 + 4);
    expect(Math.exp(model.next(model.next(model.begin, "two").context, "three").logProb)).toBeCloseTo(
      (1 + 3 * three) / (3 + 3),
      5,
    );
    const two = (3 + 4 * (1 / 5)) / (13 + 4);
    expect(Math.exp(model.next(model.next(model.begin, "two").context, "two").logProb)).toBeCloseTo((3 / 6) * two, 5);
  });

  it("says how it is used", async () => {
    expect(await estimate(manifest, "0", "words")).toEqual({
      status: 2,
      stdout: "",
      stderr: "usage: language_model.mjs MANIFEST ORDER words|characters\n",
    });
  });
});
