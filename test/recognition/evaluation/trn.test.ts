import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { noErrors } from "../../../recognition/evaluation/error_rate.ts";
import type { DepthScore } from "../../../recognition/evaluation/evaluate.ts";
import { expectTrn, trnFiles, trnText } from "../../../recognition/evaluation/trn.ts";
import { printed, trnFile, trnLines } from "../sclite_fixtures.ts";

describe("trnText", () => {
  it.each(Object.keys(printed))("writes the files that sclite counted, byte by byte: %s", (name) => {
    for (const column of ["ref", "a", "b"] as const) {
      expect(trnText(trnLines(name, column))).toBe(trnFile(name, column));
    }
  });

  it("separates words by one space, whatever did in the text", () => {
    expect(trnText([{ id: "ä/1", text: " ein\u00a0 Wort,\n(noch) eins" }])).toBe("ein Wort, (noch) eins (ä/1)\n");
    expect(trnText([])).toBe("");
  });

  it.each(["a(b", "a)", "(a)", "a b", "a\tb", "a\u00a0b", 'a"b', "a\0", ""])("refuses the id %j", (id) => {
    expect(() => trnText([{ id, text: "one" }])).toThrow(UserError);
    const shown = id.replace("\0", "\\u0000");
    expect(() => expectTrn([{ id, text: "one" }])).toThrow(
      `--trn: the id '${shown}' cannot be written to a trn file: `,
    );
  });

  it("refuses an id that two utterances have", () => {
    const lines = ["a", "b", "a"].map((id) => ({ id, text: "one" }));
    expect(() => trnText(lines)).toThrow("--trn: two utterances have the id 'a', expected every id once");
    expect(trnText(lines.slice(0, 2))).toBe("one (a)\none (b)\n");
  });

  it.each([
    "{ one / two }",
    "a {b",
    "b} a",
    "at @ home",
    "one tw*",
    "* one",
    "*one",
    "; one",
    "one;two",
    "back\\slash",
  ])("refuses a text that sclite would score as another: %s", (text) => {
    expect(() => trnText([{ id: "u", text }])).toThrow(UserError);
    expect(() => trnText([{ id: "u", text }])).toThrow(/^--trn: the word '\S+' of u means something else to sclite/u);
  });

  it.each(["one@two", "one * two", "o*ne", "don't / - # <b>", "one: two, three."])("leaves others: %s", (text) => {
    expect(trnText([{ id: "u", text }])).toBe(`${text} (u)\n`);
  });
});

describe("trnFiles", () => {
  const score = (depth: number, ...heard: string[]): DepthScore => ({
    depth,
    words: noErrors(),
    characters: noErrors(),
    wer: 0,
    cer: 0,
    blankRatio: 0,
    realTimeFactor: null,
    utterances: heard.map((hypothesis, i) => ({ id: `s-${i}`, reference: "one two", hypothesis, alignment: [] })),
  });

  it("are the references once, and the hypotheses of every depth", () => {
    expect(trnFiles("dev", [score(2, "one", ""), score(4, "one two", "two")])).toEqual({
      "dev-ref.trn": "one two (s-0)\none two (s-1)\n",
      "dev-hyp-2.trn": "one (s-0)\n (s-1)\n",
      "dev-hyp-4.trn": "one two (s-0)\ntwo (s-1)\n",
    });
  });

  it("refuses hypotheses that sclite would score as others", () => {
    expect(() => trnFiles("dev", [score(2, "one", "@")])).toThrow("--trn: the word '@' of s-1 ");
  });
});
