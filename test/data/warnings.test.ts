import { expect, test } from "vitest";
import { CharacterUnits } from "../../model/units/characters.ts";
import { dataWarnings } from "../../data/warnings.ts";
import type { Manifest } from "../../data/manifest/manifest.ts";

const units = CharacterUnits.fromTexts(["ab"]);
const entry = (text: string, line: number) => ({
  id: `u${line}`,
  audioPath: "a.wav",
  text,
  duration: null,
  offset: 0,
  isWhole: true,
  speaker: null,
  source: `dev.jsonl, line ${line}`,
});
const manifest = (texts: string[], warnings: string[] = []): Manifest => ({
  entries: texts.map((text, i) => entry(text, i + 1)),
  warnings,
  duplicates: [],
});
const numbered = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name} ${i}`);

test("characters without a unit are named once each, with the first line that has one", () => {
  const [warning, ...others] = dataWarnings(
    manifest(["a b", "aöb", "öü", "b"]),
    { warnings: [], remarks: [], skipped: [] },
    units,
  );
  expect(warning).toBe(
    "2 of 4 texts have characters that the model does not know and counts as errors: 'ö', 'ü' (first in dev.jsonl, line 2)",
  );
  expect(others).toEqual([]);
});

test("of very many warnings of a kind the first are told, and how many there are", () => {
  expect(
    dataWarnings(manifest(["a"], numbered("twice", 10)), { warnings: [], remarks: [], skipped: [] }, units),
  ).toEqual(numbered("twice", 10));
  expect(
    dataWarnings(
      manifest(["a"], numbered("twice", 200_000)),
      { warnings: numbered("length", 12), remarks: [], skipped: [] },
      units,
    ),
  ).toEqual([
    ...numbered("twice", 10),
    "199990 more utterances repeat earlier ones and are dropped",
    ...numbered("length", 10),
    "2 more durations are wrong",
  ]);
});
