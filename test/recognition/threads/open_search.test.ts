import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { search } from "../../../model/decode/search.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { openSearch, type OpenedSearch } from "../../../recognition/threads/open_search.ts";
import { threadCount } from "../../../recognition/threads/search_threads.ts";
import { node, ofSources } from "../../built.ts";
import { draw } from "../../model/decode/random_log_probs.ts";

const units = new CharacterUnits([" ", "a", "b", "c"]);
const NGRAMS = `\\data\\
ngram 1=6
ngram 2=3

\\1-grams:
-99\t<s>\t-0.2
-0.9\t</s>
-0.6\t<space>\t-0.3
-0.5\ta\t-0.1
-0.7\tb\t-0.4
-1.2\tc

\\2-grams:
-0.2\t<s> a
-0.3\ta b
-0.1\tb <space>

\\end\\
`;

let folder: string;
let opened: OpenedSearch | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-search-"));
  writeFileSync(join(folder, "characters.arpa"), NGRAMS);
  writeFileSync(join(folder, "words.arpa"), NGRAMS.replaceAll("<space>", "cab"));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => opened?.close());

const lmOf = (level: "character" | "word") => ({
  arpa: join(folder, `${level}s.arpa`),
  weight: 0.7,
  bonus: 0.4,
  level,
});
const utterances = Array.from({ length: 7 }, (_, i) => draw(3 + 5 * i, 5, i));

describe.each([null, "character", "word"] as const)("with n-grams of %ss", (level) => {
  it("threads find what the main thread finds, bit by bit, of many utterances at once", async () => {
    const settings = { beam: 6, lm: level && lmOf(level) };
    const inPlace = await openSearch(settings, units, 1);
    opened = await openSearch(settings, units, 2);
    expect(inPlace.options.beamSearch).toBeUndefined();
    const [expected, found] = await Promise.all(
      [inPlace, opened].map(({ options }) =>
        Promise.all(utterances.map((logProbs) => search(logProbs, 5, 0, options))),
      ),
    );
    expect(found).toEqual(expected);
    expect(expected!.some(([best]) => best!.labels.length > 1)).toBe(true);
    if (level) expect(expected!.some(([best]) => best!.lm < 0)).toBe(true);
  });
});

it("leaves the log-probabilities to their owner, a part of a batch's", async () => {
  opened = await openSearch({ beam: 4, lm: null }, units, 2);
  const batch = draw(20, 5, 1);
  const before = batch.slice();
  await search(batch.subarray(25, 75), 5, 0, opened.options);
  expect(batch).toEqual(before);
});

describe("what goes wrong", () => {
  it("in a search is said as on the main thread, and the thread goes on", async () => {
    opened = await openSearch({ beam: 4, lm: null }, units, 2);
    const bad = draw(3, 5, 1).subarray(1);
    const message = "prefixBeamSearch: logProbs has 14 values, expected whole frames of 5 classes";
    await expect(async () => search(bad, 5, 0, opened!.options)).rejects.toThrow(new RangeError(message));
    expect(() => search(bad, 5, 0, { beam: 4 })).toThrow(new RangeError(message));
    expect(await search(utterances[1]!, 5, 0, opened.options)).toHaveLength(4);
  });

  it("in a language model is said before a thread starts", async () => {
    const lm = { ...lmOf("character"), arpa: join(folder, "words.arpa") };
    await expect(openSearch({ beam: 4, lm }, units, 2)).rejects.toThrow(UserError);
    await expect(openSearch({ beam: 4, lm }, units, 2)).rejects.toThrow("it lacks ' '");
  });

  it("after closing, is one sentence", async () => {
    const closed = await openSearch({ beam: 4, lm: null }, units, 2);
    closed.close();
    await expect(async () => search(utterances[0]!, 5, 0, closed.options)).rejects.toThrow("the search was closed");
  });
});

it("without a beam there is nothing to start", async () => {
  const { options, close } = await openSearch({ beam: null, lm: null }, units, 2);
  close();
  expect(options).toEqual({ beam: null, fusion: null });
});

it("a process that does not close its search ends all the same", async () => {
  const script = `
    import { CharacterUnits } from "./model/units/characters.ts";
    import { search } from "./model/decode/search.ts";
    import { openSearch } from "./recognition/threads/open_search.ts";
    const { options } = await openSearch({ beam: 2, lm: null }, new CharacterUnits(["a"]), 2);
    const [{ labels }] = await search(Float32Array.of(-3, -0.1, -3, -0.1), 2, 0, options);
    console.log(labels.join());`;
  expect(await node(ofSources(script))).toEqual({ status: 0, stdout: "1\n", stderr: "" });
});

test.each([
  ["1", 1],
  ["12", 12],
])("UNFOLD_THREADS=%s", (given, count) => {
  expect(threadCount(given)).toBe(count);
});

test.each(["0", "-2", "1.5", "two", "9999"])("UNFOLD_THREADS=%s is refused", (given) => {
  expect(() => threadCount(given)).toThrow(
    new UserError(`UNFOLD_THREADS: expected a whole number from 1 to 1024, got '${given}'`),
  );
});
