import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { expectDistinctNames, writeAlignments } from "../../../recognition/alignment/alignment_files.ts";
import { ctmLines } from "../../../recognition/alignment/ctm.ts";
import { textGrid } from "../../../recognition/alignment/textgrid.ts";
import { createFrontEnd } from "../../../model/features/front_end.ts";
import { frameTime, timedUtterance } from "../../../recognition/alignment/timed_text.ts";
import type { ManifestEntry } from "../../../data/manifest/manifest.ts";

const units = new CharacterUnits([" ", "a", "b", '"']);
/** `ab "`: frames 1, 3 to 5, 6, 8 to 9 of 11, at 40 ms each. */
const spans = [
  { label: 2, from: 1, to: 2, posteriors: 0.5 },
  { label: 3, from: 3, to: 6, posteriors: 2.5 },
  { label: 1, from: 6, to: 7, posteriors: 0.9 },
  { label: 4, from: 8, to: 10, posteriors: 1 },
];
const timeOf = frameTime({ stride: 4 }, { sampleRate: 8000, frameShift: 80 });
const timed = timedUtterance({ spans, score: -1 }, units, timeOf);

describe("times of an alignment", () => {
  it("a word lasts from its first label to its last; its confidence is the mean over their frames", () => {
    expect(timed.words).toEqual([
      { text: "ab", start: 0.04, end: 0.24, confidence: 3 / 4 },
      { text: '"', start: 0.32, end: 0.4, confidence: 0.5 },
    ]);
    expect(timed.units.map(({ text, start, end }) => [text, start, end])).toEqual([
      ["a", 0.04, 0.08],
      ["b", 0.12, 0.24],
      [" ", 0.24, 0.28],
      ['"', 0.32, 0.4],
    ]);
  });

  it("a frame is as many input frames as the model strides over, each a whole number of samples", () => {
    expect(timeOf(35)).toBe(1.4); // 35 * 0.04 is not
    expect(
      frameTime({ stride: 4 }, createFrontEnd({ kind: "fbank", fbank: { sampleRate: 11025, frameShiftMs: 10 } }))(100),
    ).toBe((100 * 4 * 110) / 11025);
    expect(
      frameTime({ stride: 320 }, createFrontEnd({ kind: "waveform", sampleRate: 16000, normalise: true }))(5),
    ).toBe(0.1);
  });

  it("of no text are none", () => {
    expect(timedUtterance({ spans: [], score: 0 }, units, timeOf)).toEqual({ words: [], units: [] });
  });
});

describe("CTM", () => {
  it("has a line a word: id, channel, start, duration, word, confidence", () => {
    expect(ctmLines("george 7", timed.words)).toBe('george_7 1 0.040 0.200 ab 0.750\ngeorge_7 1 0.320 0.080 " 0.500\n');
    expect(ctmLines("silent", [])).toBe("");
  });
});

/** The intervals of a tier, read back by their lines. */
function intervals(text: string, name: string): [number, number, string][] {
  const tier = text.split("item [").find((part) => part.includes(`name = "${name}"`))!;
  const numbers = (key: string) =>
    [...tier.matchAll(new RegExp(`^ {12}${key} = (.*)$`, "gmu"))].map((match) => Number(match[1]));
  const texts = [...tier.matchAll(/^ {12}text = "(.*)"$/gmu)].map((match) => match[1]!.replaceAll('""', '"'));
  const [from, to] = [numbers("xmin"), numbers("xmax")];
  expect(Number(/intervals: size = (\d+)/u.exec(tier)![1])).toBe(texts.length);
  return texts.map((label, i) => [from[i]!, to[i]!, label]);
}

describe("TextGrid", () => {
  it("has a tier of words and one of units that cover the whole time", () => {
    const text = textGrid(timed, 0.44);
    expect(text.split("\n").slice(0, 8)).toEqual([
      'File type = "ooTextFile"',
      'Object class = "TextGrid"',
      "",
      "xmin = 0",
      "xmax = 0.44",
      "tiers? <exists>",
      "size = 2",
      "item []:",
    ]);
    expect(intervals(text, "words")).toEqual([
      [0, 0.04, ""],
      [0.04, 0.24, "ab"],
      [0.24, 0.32, ""],
      [0.32, 0.4, '"'],
      [0.4, 0.44, ""],
    ]);
    expect(intervals(text, "units")).toEqual([
      [0, 0.04, ""],
      [0.04, 0.08, "a"],
      [0.08, 0.12, ""],
      [0.12, 0.24, "b"],
      [0.24, 0.28, "▁"],
      [0.28, 0.32, ""],
      [0.32, 0.4, '"'],
      [0.4, 0.44, ""],
    ]);
  });

  it("of no text is silence, and nothing lasts longer than the audio", () => {
    expect(intervals(textGrid({ words: [], units: [] }, 1.5), "words")).toEqual([[0, 1.5, ""]]);
    expect(intervals(textGrid(timed, 0.35), "words").at(-1)).toEqual([0.32, 0.35, '"']);
  });
});

describe("files of alignments", () => {
  it("are one CTM of all, or a TextGrid each", () => {
    const folder = mkdtempSync(join(tmpdir(), "unfold-alignments-"));
    try {
      const all = [
        { id: "a/1", seconds: 0.44, ...timed },
        { id: "b", seconds: 0.5, ...timed },
      ];
      writeAlignments(folder, all, "ctm");
      expect(readFileSync(join(folder, "alignment.ctm"), "utf8")).toBe(
        ctmLines("a/1", timed.words) + ctmLines("b", timed.words),
      );
      writeAlignments(folder, all, "textgrid");
      expect(readdirSync(folder).sort()).toEqual(["a_1.TextGrid", "alignment.ctm", "b.TextGrid"]);
      expect(readFileSync(join(folder, "b.TextGrid"), "utf8")).toBe(textGrid(timed, 0.5));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuse two utterances of one name", () => {
    const entry = (id: string, line: number) => ({ id, source: `m.jsonl, line ${line}` }) as ManifestEntry;
    expect(() => expectDistinctNames([entry("a", 1), entry("b", 2)])).not.toThrow();
    const names = () => expectDistinctNames([entry("a_b", 1), entry("c", 2), entry("a/b", 3)]);
    expect(names).toThrow(UserError);
    expect(names).toThrow(
      `m.jsonl, line 3: 'a/b' has the same name as the utterance of m.jsonl, line 1; give one of them its own "id"`,
    );
  });
});
