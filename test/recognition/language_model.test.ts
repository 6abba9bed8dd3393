import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import type { Fusion } from "../../model/decode/fusion.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { openFusion, readArpa } from "../../recognition/language_model.ts";
import { plainConfig, restoreConfig } from "../../config/config.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { testDevice } from "../test_device.ts";

const ARPA = fileURLToPath(new URL("../fixtures/language_model/words.arpa", import.meta.url));

const device = testDevice();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-lm-"));
  const packed = gzipSync(readFileSync(ARPA));
  writeFileSync(at("words.lm"), packed);
  writeFileSync(at("half.gz"), packed.subarray(0, packed.length >> 1));
  writeFileSync(
    at("damaged.gz"),
    packed.map((byte, i) => (i === 40 ? byte ^ 255 : byte)),
  );
  writeFileSync(at("empty.arpa"), "");
  writeFileSync(at("latin1.arpa"), Buffer.from(readFileSync(ARPA, "utf8").replace("two", "thé"), "latin1"));
  writeFileSync(at("bad.arpa"), readFileSync(ARPA, "utf8").replace("-0.724276\ttwo", "two"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("readArpa", () => {
  it("reads the same from a file that is gzipped, whatever its name", async () => {
    const [plain, packed] = [await readArpa(ARPA), await readArpa(at("words.lm"))];
    expect(packed.size).toBe(plain.size);
    const step = plain.next(plain.begin, "one");
    expect(packed.next(packed.begin, "one")).toEqual(step);
    expect(packed.end(step.context)).toBe(plain.end(step.context));
  });

  it.each([
    ["no file", "nothing.arpa", /^the language model \S+nothing\.arpa cannot be read: there is no such file$/],
    ["a folder", ".", /^the language model \S+ cannot be read: it is a folder$/],
    ["an empty file", "empty.arpa", /empty\.arpa is not a language model in ARPA format: it has no line \\data\\$/],
    [
      "a gzip file that is cut short",
      "half.gz",
      /^the language model \S+half\.gz cannot be read: its gzip data is damaged or truncated: unexpected end of file$/,
    ],
    ["a damaged gzip file", "damaged.gz", /damaged\.gz cannot be read: its gzip data is damaged or truncated: /],
    ["another encoding", "latin1.arpa", /latin1\.arpa, line \d+: not UTF-8; save the file in that encoding$/],
    ["a bad line", "bad.arpa", /bad\.arpa, line 11: expected a log10 probability, 0 or less, got 'two'$/],
  ])("refuses %s", async (_, name, message) => {
    const reading = readArpa(at(name));
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });
});

describe("openFusion", () => {
  const settings = { arpa: ARPA, weight: 0.5, bonus: 1 };

  it("makes one of words or of characters, or none", async () => {
    const fusion = (await openFusion(
      device(),
      { ...settings, level: "word" },
      new CharacterUnits([..." enot"]),
    )) as Fusion;
    const spelled = [4, 3, 2].reduce(fusion.extend, fusion.begin); // "one"
    expect([spelled.count, fusion.end(spelled).count]).toEqual([0, 1]);
    expect(await openFusion(device(), null, new CharacterUnits(["a"]))).toBeNull();
  });

  it("warns of a model of which the units can spell little", async () => {
    const warnings: string[] = [];
    await openFusion(null, { ...settings, level: "word" }, new CharacterUnits([..." enot"]), (text) =>
      warnings.push(text),
    );
    expect(warnings).toEqual([
      expect.stringMatching(/^the checkpoint's units spell only \d+\.\d % of the words of \S+words\.arpa, not '\w+': /),
    ]);
    await openFusion(
      null,
      { ...settings, level: "word" },
      CharacterUnits.fromTexts(["abcdefghijklmnopqrstuvwxyz'"]),
      (text) => warnings.push(text),
    );
    expect(warnings).toHaveLength(1);
  });

  it("refuses a model of words where one of characters is wanted", async () => {
    const opening = openFusion(device(), { ...settings, level: "character" }, new CharacterUnits(["e", "n", "o"]));
    await expect(opening).rejects.toThrow(
      /words\.arpa is not a language model over the checkpoint's characters: it lacks 'e', 'n', 'o'$/,
    );
  });
});

describe("eval.lm of a config", () => {
  const load = (...sets: string[]) => {
    writeFileSync(at("config.yaml"), "data: { train: a.jsonl, dev: b.jsonl }\n");
    return loadConfig(at("config.yaml"), sets);
  };

  it("is none by default, and starts at the config's folder", () => {
    expect(load().eval.lm).toBeNull();
    const config = load("eval.beam=8", "eval.lm={ arpa: words.lm, weight: 0.3 }");
    expect(config.eval.lm).toEqual({ arpa: at("words.lm"), weight: 0.3, bonus: 0, level: "word" });
    expect(restoreConfig(plainConfig(config), "checkpoint").eval).toEqual(config.eval);
  });

  it.each([
    [["eval.lm={ arpa: words.lm }"], /eval\.lm needs a beam search: set eval\.beam as well/],
    [["eval.beam=8", "eval.lm={ weight: 0.3 }"], /eval\.lm\.arpa is missing, expected the path of an ARPA file/],
    [["eval.beam=8", "eval.lm={ arpa: a, weight: -1 }"], /eval\.lm\.weight: expected a number, 0 or more, got -1/],
    [["eval.beam=8", "eval.lm={ arpa: a, level: phone }"], /eval\.lm\.level: expected "word" or "character"/],
  ])("refuses %j", (sets, message) => {
    expect(() => load(...sets)).toThrow(message);
  });
});
