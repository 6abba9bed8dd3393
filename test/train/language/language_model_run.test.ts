import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint, loadLanguageModel, loadState } from "../../../checkpoint/checkpoint_file.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { loadLanguageModelConfig } from "../../../checkpoint/language/load_config.ts";
import { toFloat32 } from "../../../checkpoint/safetensors/half_precision.ts";
import { evaluatedPaths } from "../../../config/depths.ts";
import { readTextLines, spellSentences } from "../../../data/sentences/sentences.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { parseDecoding } from "../../../cli/options/decoding.ts";
import { UserError } from "../../../engine/errors.ts";
import type { AnyFusion } from "../../../model/decode/batched_fusion.ts";
import { CharacterUnits } from "../../../model/units/characters.ts";
import { openFusion } from "../../../recognition/language_model.ts";
import { openLanguageModel } from "../../../recognition/language/open_language_model.ts";
import { perplexityOf } from "../../../recognition/language/perplexity.ts";
import { openRecogniser } from "../../../recognition/open_recogniser.ts";
import { recognise } from "../../../recognition/recognise.ts";
import { transcribeFiles } from "../../../recognition/transcribe.ts";
import { trainLanguageModel } from "../../../train/language/main.ts";
import { LOG_FILE, readLog, type LogRecord } from "../../../train/log/log.ts";
import { inspectLanguageModel } from "../../../train/memory/inspect_language_model.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";
import { sampleCheckpoint } from "../../checkpoint/export/sample_checkpoint.ts";
import { waves } from "../../recognition/waves.ts";
import { testDevice } from "../../test_device.ts";
import { curvesOf, readEvents } from "../log/tensorboard/read_events.ts";

/*
 * A language model's run, from texts to fusion: the same as an uninterrupted one after an interruption, of the units that it should
 * have, refused where its units or its kind are not those wanted.
 */

const device = testDevice();
let folder: string;
/** Recognisers' checkpoints of the characters " abcd": CTC alone, and with a decoder. */
let recogniser: string;
let hybrid: string;
const at = (name: string): string => join(folder, name);

const CONFIG = `data: { train: [train.txt, more.txt], dev: dev.txt }
units_of: recogniser.safetensors
model: { dim: 16, heads: 2, feed_forward_dim: 16, blocks: 2, dropout: 0.1 }
batch: { tokens: 30, accumulate: 2, buckets: 2 }
optimizer: { learning_rate: 0.02 }
schedule: { warmup_steps: 2 }
steps: 12
eval: { every_steps: 5 }
checkpoint: { every_steps: 4, keep_last: 2 }
early_stop: { patience: 9 }
log: { every_steps: 3 }
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-lm-run-"));
  const sample = async (...sets: string[]): Promise<string> => {
    const { checkpoint } = await sampleCheckpoint(device(), folder, ...sets);
    return checkpoint.path;
  };
  recogniser = await sample();
  hybrid = await sample("model.decoder={blocks: 1, feed_forward_dim: 16}");
  writeFileSync(at("train.txt"), "ab ab ab\n\nab  ab\nab ab ab ab\ncab ab\nab\n");
  writeFileSync(at("more.txt"), "\uFEFFab cab ab\nab ab\r\nabc xyz\n");
  writeFileSync(at("dev.txt"), "ab ab\ncab ab ab\n");
  writeFileSync(at("lm.yaml"), CONFIG.replace("recogniser.safetensors", JSON.stringify(recogniser)));
  expect(await run("whole")).toBe("finished");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const configOf = (...sets: string[]) => loadLanguageModelConfig(at("lm.yaml"), sets);

/** Trains in a folder of that name; until a record of the log says to stop. */
function run(
  name: string,
  { sets = [] as string[], resume = false, force = false, until = (_: LogRecord): boolean => false } = {},
): Promise<string> {
  const abort = new AbortController();
  const observer = { ...silentObserver, record: (record: LogRecord) => until(record) && abort.abort() };
  return trainLanguageModel(device(), configOf(...sets), {
    folder: at(name),
    resume,
    force,
    signal: abort.signal,
    observer,
  });
}

const recordsOf = <T extends LogRecord["type"]>(name: string, type: T) =>
  readLog(join(at(name), LOG_FILE)).filter((record): record is Extract<LogRecord, { type: T }> => record.type === type);

/** Everything of a checkpoint that does not depend on the clock. */
function contentOf(file: string): object {
  const checkpoint = loadLanguageModel(file);
  const tensors = [...checkpoint.tensors].map(([name, tensor]) => [name, [...toFloat32(tensor)]]);
  checkpoint.close();
  return { state: { ...checkpoint.state, seconds: 0 }, tensors };
}

describe("a run", () => {
  it("that was interrupted twice and resumed is the same as one that was not", async () => {
    const stops = [2, 7];
    for (const [i, stop] of stops.entries())
      expect(
        await run("parts", { resume: i > 0, until: (record) => record.type === "lm_step" && record.step > stop }),
      ).toBe("interrupted");
    expect(await run("parts", { resume: true })).toBe("finished");
    for (const file of ["last", "best", "last-000008"])
      expect(contentOf(join(at("parts"), `${file}.safetensors`))).toEqual(
        contentOf(join(at("whole"), `${file}.safetensors`)),
      );
    const course = (name: string): object[] => [
      ...recordsOf(name, "lm_step").map(({ step, epoch, loss, gradNorm, learningRate }) => ({
        step,
        epoch,
        loss,
        gradNorm,
        learningRate,
      })),
      ...recordsOf(name, "lm_dev"),
    ];
    expect(course("parts")).toEqual(course("whole"));
    expect(recordsOf("whole", "lm_step").map(({ step }) => step)).toEqual([3, 6, 9, 12]);
  });

  it("learns: its best perplexity is below that of equal chances, and eval finds it again", async () => {
    const { best } = loadLanguageModel(at("whole")).state;
    const { model, units, config } = openLanguageModel(device(), at("whole"));
    const dev = spellSentences(await readTextLines([at("dev.txt")]), units);
    const found = await perplexityOf(device(), model, dev.sentences, config.eval.batchSize);
    expect(found).toMatchObject({ sentences: 2, units: 5 + 9, words: 5 });
    expect(found.perUnit).toBe(best!.perplexity);
    expect(found.perUnit).toBeLessThan(3); // of 6 classes
    expect(found.perWord).toBeCloseTo(found.perUnit ** (16 / 7), 4);
    const alone = await perplexityOf(device(), model, dev.sentences, 1);
    expect(alone.logProbability).toBeCloseTo(found.logProbability, 4);
  });

  it("has the log's numbers in TensorBoard's events", () => {
    const curves = curvesOf(readEvents(at("whole")));
    expect(curves["dev/perplexity"]).toEqual(
      recordsOf("whole", "lm_dev").map(({ step, perplexity }) => [step, Math.fround(perplexity)]),
    );
    expect(curves["loss/cross_entropy"]).toHaveLength(4);
  });

  it("has the recogniser's units, and leaves out what they do not spell, with a warning", () => {
    expect(loadLanguageModel(at("whole")).state.units).toEqual(loadState(recogniser).units);
    expect(recordsOf("whole", "warning").map(({ message }) => message)).toContainEqual(
      `train: 1 of 8 sentences are left out, as no unit spells some of their characters: ${at("more.txt")}, line 3 has 'x', 'y', 'z'`,
    );
  });

  it("has the characters of its texts where the config names no recogniser", async () => {
    await run("own", { sets: ["units_of=null", "steps=1"] });
    expect(loadLanguageModel(at("own")).state.units).toEqual(CharacterUnits.fromTexts(["abcxyz "]).toJSON());
  });

  it("is resumed with another config only if told to, and never with another model", async () => {
    await expect(run("parts", { resume: true, sets: ["seed=5"] })).rejects.toThrow(
      /was trained with another config, so the run cannot be resumed exactly: seed was 0, is now 5; add --force/u,
    );
    await expect(run("parts", { resume: true, force: true, sets: ["model.dim=32"] })).rejects.toThrow(
      /model\.dim was 16, is now 32; this changes the model, so a new run is needed/u,
    );
    await expect(run("parts")).rejects.toThrow(/already holds a run: add --resume to continue it/u);
  });

  it("inspect says what it is", () => {
    expect(inspectLanguageModel(at("whole"))).toMatchObject({ step: expect.any(Number), units: 6, blocks: 2, dim: 16 });
  });
});

describe("in recognition", () => {
  const utterances = [41, 73, 15].map((frames, key) => ({
    frames,
    labels: new Int32Array(),
    features: waves(frames, 10, key + 1),
  }));

  it.each([undefined, "joint", "attention", "rescore"] as const)("takes part in search %s", async (kind) => {
    const { model, config, units } = openRecogniser(device(), hybrid);
    const fusion = (await openFusion(
      device(),
      { arpa: at("whole"), weight: 6, bonus: 0, level: "word" },
      units,
    )) as AnyFusion;
    const decoding = kind && { kind, ctcWeight: 0.3, lengthBonus: 2 };
    const texts = async (with_: AnyFusion | null): Promise<string[]> => {
      const schedules = evaluatedPaths(config).map(({ schedule }) => schedule);
      const options = { beam: 4, fusion: with_, decoding };
      const paths = await recognise(device(), model, utterances, schedules, options);
      return paths.flatMap(({ hypotheses }) => hypotheses.map(({ labels }) => units.decode(labels)));
    };
    expect(await texts(fusion)).not.toEqual(await texts(null));
  });

  it("takes part in transcribing, of files whole and in chunks", async () => {
    const opened = openRecogniser(device(), recogniser);
    const fusion = await openFusion(device(), { arpa: at("whole"), weight: 1, bonus: 0, level: "word" }, opened.units);
    const wave = Float32Array.from({ length: 48000 }, (_, n) => 0.3 * Math.sin(n * n * 1e-6));
    await writeWav(at("speech.wav"), wave, 16000);
    const [path] = evaluatedPaths(opened.config);
    const scores = async (chunks: { chunk: number; overlap: number } | undefined) => {
      const options = { beam: 4, fusion, nbest: 1, chunks };
      const { transcripts } = await transcribeFiles(
        device(),
        opened,
        [at("speech.wav")],
        path!,
        silentObserver,
        options,
      );
      return transcripts[0]!.nbest![0]!;
    };
    for (const chunks of [undefined, { chunk: 2, overlap: 0.5 }]) {
      const { ctc, lm, total } = await scores(chunks);
      expect(lm).toBeLessThan(0);
      expect(total).toBeCloseTo((ctc as number) + lm, 4);
    }
  });
});

describe("refused with one sentence:", () => {
  const opening = (path: string, units: CharacterUnits) => () =>
    openFusion(device(), { arpa: path, weight: 1, bonus: 0, level: "word" }, units);

  it.each<[string, string[], RegExp]>([
    [
      "more units",
      [" ", "a", "b", "c", "d", "e"],
      /whole\S* is a language model of other units than the recogniser's: it has 6 classes instead of 7$/u,
    ],
    ["another order", [" ", "b", "a", "c", "d"], /other units than the recogniser's: class 2 is 'a' instead of 'b'$/u],
  ])("a language model for a recogniser of %s", async (_, characters, message) => {
    const refused = opening(at("whole"), new CharacterUnits(characters))();
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });

  it("a recogniser as language model", async () => {
    await expect(opening(recogniser, new CharacterUnits([..." abcd"]))()).rejects.toThrow(
      `${recogniser} is a speech recogniser, but a language model is expected here: unfold lm train makes one`,
    );
    expect(() => openLanguageModel(device(), recogniser)).toThrow(UserError);
  });

  it("a language model as recogniser, to use or to start from, and to give its units", () => {
    const file = join(at("whole"), "best.safetensors");
    const message = `${file} is a language model, but a speech recogniser is expected here`;
    for (const use of [() => openRecogniser(device(), at("whole")), () => loadCheckpoint(file)])
      expect(use).toThrow(message);
    writeFileSync(at("start.yaml"), "data: { train: a.jsonl, dev: b.jsonl }\ninit: whole/best.safetensors\n");
    expect(() => loadConfig(at("start.yaml"))).toThrow(message);
  });

  it("a level of n-grams for a model that has none", () => {
    expect(() => parseDecoding({ beam: "4", lm: at("whole"), lmLevel: "word" })).toThrow(
      `--lm-level belongs to ARPA files, but ${at("whole")} is a checkpoint`,
    );
  });

  it("units of a language model", async () => {
    await expect(run("of-lm", { sets: [`units_of=${at("whole")}`] })).rejects.toThrow(
      "a speech recogniser is expected",
    );
  });

  it.each<[string[], RegExp]>([
    [["data.train=none.txt"], /cannot read the text \S+none\.txt: there is no such file$/u],
    [["data.dev=empty.txt"], /the text \S+empty\.txt has no sentences$/u],
    [["data.dev=latin.txt"], /latin\.txt, line 2: not UTF-8/u],
    [
      ["data.dev=foreign.txt"],
      /foreign\.txt, line 1: the model's units spell none of the 2 sentences from here on: \S+ line 1 has 'x'$/u,
    ],
  ])("texts such as %s", async (sets, message) => {
    writeFileSync(at("empty.txt"), "\n \n");
    writeFileSync(at("latin.txt"), Buffer.from("ab\n\xe4b\n", "latin1"));
    writeFileSync(at("foreign.txt"), "x\ny\n");
    const refused = run("refused", { sets });
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each<[string, RegExp]>([
    ["model.dim=15", /model\.dim is 15, which is not a multiple of 2 and of model\.heads 2\.$/u],
    ["units.tokenizer=bpe.json", /units\.tokenizer cannot be given together with units_of, which gives the units/u],
    ["batch.frames=10", /batch\.frames is not a key; the nearest valid one is/u],
    ["checkpoint.average={}", /checkpoint\.average is not a key/u],
  ])("a config with %s", (set, message) => {
    expect(() => configOf(set)).toThrow(message);
  });

  it("an optimiser state that is not there, to resume from", async () => {
    await run("moments", { sets: ["steps=1"] });
    const best = readFileSync(join(at("moments"), "best.safetensors"));
    writeFileSync(join(at("moments"), "last.safetensors"), best);
    await expect(run("moments", { resume: true, sets: ["steps=1"] })).rejects.toThrow(/holds no optimiser state/u);
  });
});
