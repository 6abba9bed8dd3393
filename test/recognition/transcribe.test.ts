import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../engine/errors.ts";
import { parseArpa } from "../../model/decode/arpa.ts";
import { characterFusion } from "../../model/decode/fusion.ts";
import { subsampledLength } from "../../model/conformer/subsampling.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import { alignManifest } from "../../recognition/alignment/align_manifest.ts";
import type { Recogniser } from "../../recognition/recogniser.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import { loadDataset } from "../../data/dataset.ts";
import { readManifest } from "../../data/manifest/manifest.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { evaluatedPaths, type DepthPath } from "../../config/depths.ts";
import { recognise } from "../../recognition/recognise.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { transcribeFiles, type TranscribeOptions } from "../../recognition/transcribe.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";
import { testDevice } from "../test_device.ts";
import { withLargeWeights, smallConfig, smallModel } from "../train/small_model.ts";

const device = testDevice();
const config = smallConfig("data.sample_rate=8000", "data.cache=false");
const path = evaluatedPaths(config).at(-1) as DepthPath;
const units = new CharacterUnits([" ", "a", "b", "c", "d"]);

let folder: string;
let recogniser: Recogniser;
let files: string[];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-transcribe-"));
  await writeSmallCorpus(folder);
  files = corpusLines().map(({ audio_filepath }) => join(folder, audio_filepath));
  const built = withLargeWeights(smallModel(device(), config), 1);
  const frontEnd = buildFrontEnd(config);
  const { entries } = await readManifest(join(folder, "train.jsonl"));
  const { cmvn } = await loadDataset(entries, { frontEnd, cmvn: null, units, outputFrames: subsampledLength });
  recogniser = { ...built, config, units, frontEnd, cmvn, checkpoint: undefined as never };
});
afterAll(() => rmSync(folder, { recursive: true }));

const transcribe = (options: TranscribeOptions, of = files) =>
  transcribeFiles(device(), recogniser, of, path, silentObserver, options);

describe("transcribeFiles", () => {
  it("gives in the files' order what a dataset of them gives", async () => {
    const { transcripts, audioSeconds, computingSeconds } = await transcribe({});
    const { entries } = await readManifest(join(folder, "train.jsonl"));
    const set = await loadDataset(entries, {
      frontEnd: recogniser.frontEnd,
      cmvn: recogniser.cmvn,
      units: null,
      outputFrames: subsampledLength,
    });
    const [expected] = await recognise(device(), recogniser.model, set.utterances, [path.schedule]);
    expect(transcripts.map(({ logProbability }) => logProbability)).toEqual(
      expected!.hypotheses.map(({ score }) => score),
    );
    expect(transcripts.map(({ file, depth, seconds }) => [file, depth, seconds])).toEqual(
      files.map((file, i) => [file, 4, (4000 + 300 * i) / 8000]),
    );
    expect(audioSeconds).toBeCloseTo(set.seconds, 9);
    expect(computingSeconds).toBeGreaterThan(0);
    expect(Object.keys(transcripts[0]!)).not.toContain("words");
  });

  it("with the best texts, each once, by their rank, of which the first is the text", async () => {
    const { transcripts } = await transcribe({ beam: 20, nbest: 5 });
    for (const { text, logProbability, nbest } of transcripts) {
      expect(nbest!.length).toBe(5);
      expect(new Set(nbest!.map((ranked) => ranked.text)).size).toBe(5);
      expect(nbest!.map(({ total }) => total)).toEqual(nbest!.map(({ total }) => total).sort((a, b) => b - a));
      expect(nbest![0]).toEqual({ text, ctc: logProbability, lm: 0, total: logProbability });
    }
  });

  it("with a language model that forbids a character, none that has it", async () => {
    const model = await parseArpa(
      "\\data\\\nngram 1=5\n\\1-grams:\n-0.5 <space>\n-0.5 a\n-0.5 b\n-0.5 c\n-30 d\n\\end\\\n".split("\n"),
      "no_d.arpa",
    );
    const spoken = (list: readonly { text: string }[]) => list.map(({ text }) => text).join("");
    const [without, fused] = [
      await transcribe({ beam: 8 }),
      await transcribe({ beam: 8, nbest: 1, fusion: characterFusion(model, units, { weight: 1, bonus: 0 }) }),
    ];
    expect(spoken(without.transcripts)).toContain("d");
    expect(spoken(fused.transcripts)).not.toContain("d");
    for (const { logProbability, nbest } of fused.transcripts) {
      const { ctc, lm, total } = nbest![0]!;
      expect([ctc, total]).toEqual([logProbability, ctc! + lm]);
      expect(lm).toBeLessThan(0);
    }
  });

  it("with the times of its words, within the audio and one after the other", async () => {
    const { transcripts } = await transcribe({ timestamps: true });
    for (const { text, seconds, words } of transcripts) {
      expect(words!.map((word) => word.text).join(" ")).toBe(text);
      expect(words!.length).toBeGreaterThan(0);
      words!.forEach(({ start, end, confidence }, i) => {
        expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : words![i - 1]!.end);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(seconds);
        expect([confidence > 0, confidence <= 1]).toEqual([true, true]);
      });
    }
  });

  it("leaves out what cannot be read, and says of each file why", async () => {
    await writeWav(join(folder, "click.wav"), new Float32Array(300), 8000);
    const some = [join(folder, "nothing.wav"), files[1]!, join(folder, "click.wav"), files[0]!];
    const [{ transcripts, faults, audioSeconds }, { transcripts: expected }] = [
      await transcribe({}, some),
      await transcribe({}, [files[1]!, files[0]!]),
    ];
    expect(transcripts).toEqual(expected);
    expect(audioSeconds).toBeCloseTo((4300 + 4000) / 8000, 9);
    expect(faults.map(({ message }) => message.replaceAll(`${folder}/`, ""))).toEqual([
      "nothing.wav does not exist.",
      expect.stringMatching(/^click\.wav: 37 ms of audio is too short to recognise; at least 85 ms is needed$/u),
    ]);
    expect(faults.every((fault) => fault instanceof UserError)).toBe(true);
    expect(await transcribe({}, some.slice(0, 1))).toMatchObject({
      transcripts: [],
      faults: [faults[0]],
      audioSeconds: 0,
    });
  });

  it("refuses a language model in greedy decoding", async () => {
    const model = await parseArpa("\\data\\\nngram 1=1\n\\1-grams:\n-1 a\n\\end\\\n".split("\n"), "a.arpa");
    const fusion = characterFusion(model, new CharacterUnits(["a"]), { weight: 1, bonus: 0 });
    await expect(transcribe({ fusion })).rejects.toThrow("search: a language model needs a beam search");
  });
});

describe("alignManifest", () => {
  const manifestOf = async (...changes: { line: number; text: string }[]) => {
    const lines = corpusLines();
    for (const { line, text } of changes) lines[line] = { ...lines[line]!, text };
    writeManifest(join(folder, "align.jsonl"), lines);
    return readManifest(join(folder, "align.jsonl"));
  };
  const observed = (messages: string[]) => ({ ...silentObserver, message: (text: string) => void messages.push(text) });

  it("finds every word of every text, and leaves out, with its name, what is too short for its text", async () => {
    const messages: string[] = [];
    const aligned = await alignManifest(
      device(),
      recogniser,
      await manifestOf({ line: 1, text: "ba a d" }, { line: 3, text: "ab".repeat(40) }),
      path,
      observed(messages),
    );
    expect(aligned.map(({ id, words }) => [id, words.map(({ text }) => text).join(" ")])).toEqual([
      ["u0", "ab"],
      ["u1", "ba a d"],
      ["u2", "a"],
      ["u4", "aab"],
      ["u5", "abb"],
    ]);
    expect(aligned[1]!.units.map(({ text }) => text).join("")).toBe("ba a d");
    expect(messages).toEqual([
      expect.stringMatching(/^warning: skipped 1 of 6 utterances: u3 \(too short for its text: /),
    ]);
  });

  it("leaves out in the same way a text that no unit spells", async () => {
    const messages: string[] = [];
    const aligned = await alignManifest(
      device(),
      recogniser,
      await manifestOf({ line: 2, text: "ö" }, { line: 3, text: "ab".repeat(40) }),
      path,
      observed(messages),
    );
    expect(aligned.map(({ id }) => id)).toEqual(["u0", "u1", "u4", "u5"]);
    expect(messages).toEqual([
      expect.stringMatching(
        /^warning: skipped 2 of 6 utterances: u2 \('ö' \(U\+00F6\) in the text "ö" is not among the model's 5 characters\), u3 \(too short for its text: [^()]+\)$/u,
      ),
    ]);
  });

  it("refuses a manifest of which nothing is left", async () => {
    const changes = [0, 1, 2, 3, 4, 5].map((line) => ({ line, text: `ö${line}` }));
    const aligning = alignManifest(device(), recogniser, await manifestOf(...changes), path, silentObserver);
    await expect(aligning).rejects.toThrow(UserError);
    await expect(aligning).rejects.toThrow(
      /^none of the 6 utterances can be used; the first, u0: 'ö' \(U\+00F6\) in the text "ö0"/u,
    );
  });
});
