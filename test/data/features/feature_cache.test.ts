import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FbankOptions } from "../../../model/features/fbank.ts";
import { createFrontEnd } from "../../../model/features/front_end.ts";
import { featureKey, readFeatures, writeFeatures } from "../../../data/features/feature_cache.ts";
import { FeatureSource, type FeatureQuery } from "../../../data/features/feature_source.ts";
import { writeWav } from "../../../data/audio/wav.ts";

let folder: string;
let cache: string;
const at = (name: string): string => join(folder, name);
const tone = (pitch: number): Float32Array => Float32Array.from({ length: 4000 }, (_, n) => 0.4 * Math.sin(n / pitch));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-cache-"));
  cache = at("cache");
  for (const [i, name] of ["a", "b"].entries()) await writeWav(at(`${name}.wav`), tone(5 + i), 8000);
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = (): string[] =>
  readdirSync(cache, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes(".feat"))
    .map((name) => join(cache, name));

/** What a new source, as of another run, gives: the features, where they came from, and its warnings. */
async function ask(
  queries: Partial<FeatureQuery>[] = [{}],
  {
    bins = 12,
    from = cache as string | null,
    spareBytes = 0,
    ...options
  }: { bins?: number; from?: string | null; spareBytes?: number } & Partial<FbankOptions> = {},
) {
  const warnings: string[] = [];
  const source = new FeatureSource({
    frontEnd: createFrontEnd({ kind: "fbank", fbank: { sampleRate: 8000, bins, ...options } }),
    cache: from,
    spareBytes,
    warn: (message) => warnings.push(message),
  });
  const answers = [];
  for (const query of queries) answers.push(await source.get({ path: at("a.wav"), piece: undefined, ...query }));
  source.close();
  return {
    values: answers.map(({ values }) => values),
    samples: answers.map(({ samples }) => samples),
    remarks: answers.map(({ remarks }) => remarks),
    origins: answers.map(({ origin }) => origin),
    warnings,
  };
}

test("what reading decided is said by each run, in place or from the cache", async () => {
  const wav = readFileSync(at("a.wav"));
  wav.writeUInt32LE(0xffffffff, 40); // never closed
  writeFileSync(at("a.wav"), wav);
  const queries = [{}, { piece: { offset: 0.1, duration: 0.3 } }, { path: at("b.wav") }];
  const said = "its header does not say how long it is (0xffffffff bytes), so it is read to its end";
  for (const origin of ["computed", "cache"])
    expect(await ask(queries)).toMatchObject({
      origins: queries.map(() => origin),
      remarks: [[said], [said], []],
    });
});

test("the second run finds what the first computed, bit by bit", async () => {
  const queries = [{}, { path: at("b.wav") }, { speed: 0.9 }, { piece: { offset: 0.1, duration: 0.3 } }];
  const without = await ask(queries, { from: null });
  const first = await ask(queries);
  const second = await ask(queries);
  expect([without.origins, first.origins, second.origins]).toEqual([
    queries.map(() => "computed"),
    queries.map(() => "computed"),
    queries.map(() => "cache"),
  ]);
  for (const { values, samples } of [first, second])
    expect({ values, samples }).toEqual({ values: without.values, samples: without.samples });
});

test.skipIf(process.platform === "win32")("a pipe is refused, not waited for", async () => {
  execFileSync("mkfifo", [at("pipe")]);
  await expect(ask([{ path: at("pipe") }])).rejects.toThrow(/pipe is a pipe or a device, expected a file/);
});

test("noise and another volume are new each time", async () => {
  const noise = { path: at("b.wav"), piece: undefined, position: 0, snrDb: 3 };
  const queries = [{ noise }, { gainDb: 2 }];
  await ask(queries);
  expect((await ask(queries)).origins).toEqual(["computed", "computed"]);
});

describe("is not found", () => {
  test.each<[string, Parameters<typeof ask>]>([
    ["with other bins", [[{}], { bins: 13 }]],
    ["with another frame shift", [[{}], { frameShiftMs: 8 }]],
    ["at another rate", [[{}], { sampleRate: 7000 }]],
    ["at another speed", [[{ speed: 1.1 }]]],
    ["of a piece", [[{ piece: { offset: 0, duration: null } }]]],
  ])("%s", async (_, [queries, options]) => {
    await ask();
    expect((await ask(queries, options)).origins).toEqual(["computed"]);
    expect((await ask()).origins).toEqual(["cache"]); // and the old one stays
  });

  test("once the audio has changed", async () => {
    await ask();
    await writeWav(at("a.wav"), tone(9), 8000);
    utimesSync(at("a.wav"), 1, 1);
    const changed = await ask();
    expect(changed.origins).toEqual(["computed"]);
    expect(changed.values).toEqual((await ask([{}], { from: null })).values);
  });
});

test("audio that was moved or copied is found by its content", async () => {
  await ask();
  writeFileSync(at("copy.wav"), readFileSync(at("a.wav")));
  expect((await ask([{ path: at("copy.wav") }])).origins).toEqual(["cache"]);
});

describe("made again without a word", () => {
  const damages: [string, (path: string) => void][] = [
    ["half-written", (path) => truncateSync(path, 300)],
    ["empty", (path) => truncateSync(path, 0)],
    ["with a byte changed", (path) => writeFileSync(path, readFileSync(path).fill(1, 500, 501))],
    ["longer", (path) => appendFileSync(path, "more")],
  ];

  test.each(damages)("a file that is %s", async (_, damage) => {
    const { values } = await ask();
    files().forEach(damage);
    expect(await ask()).toMatchObject({ values, origins: ["damaged"], warnings: [] });
    expect(await ask()).toMatchObject({ values, origins: ["cache"] });
  });

  test("an index with damaged lines", async () => {
    await ask();
    appendFileSync(join(cache, "contents.jsonl"), '["half a li\nnull\n{}\n');
    expect((await ask()).origins).toEqual(["cache"]);
  });
});

test("a file under another key's name is damaged, not believed", () => {
  const [one, other] = ["1", "2"].map((content) =>
    featureKey(content, undefined, 1, createFrontEnd({ kind: "fbank", fbank: {} }).cacheKey ?? {}),
  ) as [string, string];
  const stored = {
    frames: 2,
    bins: 3,
    samples: 999,
    values: Float32Array.of(1, 2, 3, 4, 5, 6),
    remarks: ["read to its énd"],
  };
  writeFeatures(cache, one, stored);
  expect(readFeatures(cache, one)).toEqual(stored);
  expect(readFeatures(cache, other)).toBe("missing");
  const [file] = files();
  mkdirSync(join(cache, other.slice(0, 2)), { recursive: true });
  writeFileSync(join(cache, other.slice(0, 2), `${other.slice(2)}.feat`), readFileSync(file!));
  expect(readFeatures(cache, other)).toBe("damaged");
});

describe("a cache that cannot be written: one warning, and features all the same", () => {
  const expectOneWarning = async (spareBytes = 0): Promise<void> => {
    const { origins, warnings, values } = await ask([{}, { path: at("b.wav") }, { speed: 0.9 }], { spareBytes });
    expect(origins).toEqual(["computed", "computed", "computed"]);
    expect(values.every((features) => features!.length > 0)).toBe(true);
    expect(warnings).toEqual([
      expect.stringMatching(/^features are not cached for the next run, since the cache cannot be written: [^\n]+$/),
    ]);
  };

  test("a file in the folder's place", async () => {
    writeFileSync(cache, "");
    await expectOneWarning();
  });

  test("a disk that is nearly full; what is there already is still found", async () => {
    await expectOneWarning(2 ** 60);
    expect(files()).toEqual([]);
    await ask();
    expect(await ask([{}], { spareBytes: 2 ** 60 })).toMatchObject({ origins: ["cache"], warnings: [] });
  });

  test("files in the place of its folders", async () => {
    mkdirSync(cache);
    for (let i = 0; i < 256; i++) writeFileSync(join(cache, i.toString(16).padStart(2, "0")), "");
    await expectOneWarning();
  });
});
