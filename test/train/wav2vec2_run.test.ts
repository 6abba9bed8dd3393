import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice, type Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { uniform } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { greedySearch } from "../../model/decode/greedy.ts";
import { buildModel } from "../../checkpoint/build_model.ts";
import { openRecogniser } from "../../recognition/open_recogniser.ts";
import { loadCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { chunkFrames, planChunks, type ChunkSeconds } from "../../recognition/chunks.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { readAudio } from "../../data/audio/audio.ts";
import { padBatch } from "../../data/batches/batch.ts";
import { featureMasks } from "../../data/batches/feature_masks.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { trainingPaths } from "../../train/training_paths.ts";
import { countParameters } from "../../model/parameter_counts.ts";
import type { LogRecord, StepRecord } from "../../train/log/log_records.ts";
import { train } from "../../train/main.ts";
import { planStep } from "../../train/memory/memory_plan.ts";
import { forEachPosterior } from "../../recognition/posteriors.ts";
import { activationType } from "../../engine/precision.ts";
import { hypothesisText } from "../../recognition/recognise.ts";
import { silentObserver, type RunObserver } from "../../train/run/run_observer.ts";
import { trainingStep, uploadBatch } from "../../train/training_step.ts";
import { transcribeFiles } from "../../recognition/transcribe.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

/** Frames of 10 ms, and all that a resumed run has to repeat: masks, dropout, LayerDrop, changes of the sound. */
const CONFIG = `data: { train: train.jsonl, dev: dev.jsonl, sample_rate: 8000 }
features: { kind: waveform }
augment: { speed: [0.9, 1.0, 1.1], volume: {} }
batch: { size: 2, accumulate: 2 }
model: { kind: wav2vec2, dim: 16, heads: 2, blocks: 1, feed_forward_dim: 16, conv_dims: [8, 8], conv_kernels: [10, 8], conv_strides: [10, 8], positional_kernel: 8, positional_groups: 4 }
unfold: { depths: [1, 3] }
loss: { layer_drop: 0.2 }
masking: { time_length: 3, channel_prob: 0.3, channel_length: 4 }
schedule: { kind: tri_stage, warmup_steps: 2, hold_steps: 2 }
steps: 6
eval: { every_steps: 6 }
checkpoint: { every_steps: 2 }
log: { every_steps: 1 }
`;

let folder: string;
let device: Device;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-waveforms-"));
  await writeSmallCorpus(folder);
  writeFileSync(at("waveform.yaml"), CONFIG);
  device = await openDevice();
});
afterAll(() => {
  device.close();
  rmSync(folder, { recursive: true });
});

const config = (...sets: string[]) => loadConfig(at("waveform.yaml"), sets);
const run = (
  name: string,
  sets: string[] = [],
  {
    resume = false,
    signal = new AbortController().signal,
    ...observe
  }: { resume?: boolean; signal?: AbortSignal } & Partial<RunObserver> = {},
) => train(device, config(...sets), { folder: at(name), resume, signal, observer: { ...silentObserver, ...observe } });
const valuesOf = (name: string): Map<string, unknown> => {
  const { tensors, close } = loadCheckpoint(at(`${name}/last.safetensors`));
  const values = new Map([...tensors].map(([key, { values }]) => [key, values]));
  close();
  return values;
};
const isStep = (record: LogRecord): record is StepRecord => record.type === "step";

describe("a run on waveforms", () => {
  it("is the same when it was interrupted between two epochs, masks included", async () => {
    expect(await run("whole")).toBe("finished");
    const stop = new AbortController();
    expect(
      await run("halves", [], {
        signal: stop.signal,
        record: (record) => {
          if (isStep(record) && record.step === 3) stop.abort();
        },
      }),
    ).toBe("interrupted");
    expect(await run("halves", [], { resume: true })).toBe("finished");
    expect(valuesOf("halves")).toEqual(valuesOf("whole"));
  });

  it("does not train the feature encoder, of which there are no moments; writes no features to disk", async () => {
    const trained = valuesOf("whole");
    const { parameters } = buildModel(device, config(), 4, { optimizer: false, blank: 0 });
    const frozen = parameters.all.filter((parameter) => parameter.frozen).map(({ name }) => name);
    expect(frozen).toContain("wav2vec2.feature_extractor.conv_layers.0.conv.weight");
    for (const name of frozen) {
      expect(trained.get(name)).toEqual(parameters.initialValues(name, 0));
      expect(trained.has(`first_moment/${name}`)).toBe(false);
    }
    expect(trained.get("lm_head.weight")).not.toEqual(parameters.initialValues("lm_head.weight", 0));
    expect(trained.has("first_moment/wav2vec2.masked_spec_embed")).toBe(true);
    expect(existsSync(at("features"))).toBe(false);
    parameters.release();
  });

  it("transcribes a long file in chunks as the same chunks alone, log-probabilities put together at their borders", async () => {
    const recogniser = openRecogniser(device, at("whole"));
    const { model, frontEnd } = recogniser;
    const schedule = evaluatedPaths(recogniser.config).at(-1)!;
    const sound = Float32Array.from(
      { length: 20000 },
      (_, n) => Math.round(8000 * uniform(5, n >> 9) * Math.sin(n * (0.1 + uniform(6, n >> 9)))) / 32768,
    );
    await writeWav(at("long.wav"), sound, 8000);
    const chunks = { chunk: 0.5, overlap: 0.2 };
    const {
      transcripts: [found],
    } = await transcribeFiles(device, recogniser, [at("long.wav")], schedule, silentObserver, { chunks });

    const sizes = chunkFrames(chunks, model, frontEnd);
    const planned = planChunks(sound.length, sizes, model);
    expect(planned.length).toBeGreaterThan(4);
    const stitched: number[] = [];
    const { vocabulary, blank } = model.config;
    for (const { start, from, to, skipped } of planned) {
      const { values, frames } = frontEnd.compute(sound.slice(start, start + sizes.inputFrames));
      await forEachPosterior(
        device,
        model,
        [{ features: values, frames, labels: new Int32Array() }],
        [schedule.schedule],
        {},
        (logProbs) => {
          stitched.push(...logProbs.subarray(skipped * vocabulary, (skipped + to - from) * vocabulary));
        },
      );
    }
    recogniser.parameters.release();
    expect(stitched).toHaveLength(model.outputFrames(sound.length) * vocabulary);
    const best = greedySearch(Float32Array.from(stitched), vocabulary, { blank });
    expect(found!.logProbability).toBeCloseTo(best.score, 3);
    expect(found!.text).toBe(hypothesisText(best.labels, recogniser.units));
  });

  it("transcribes files as wholes, and longer ones in chunks of as many frames", async () => {
    const recogniser = openRecogniser(device, at("whole"));
    const path = evaluatedPaths(recogniser.config).at(-1)!;
    const transcribe = (chunks?: ChunkSeconds) =>
      transcribeFiles(device, recogniser, [at("u0.wav"), at("u5.wav")], path, silentObserver, {
        chunks,
        timestamps: true,
      }); // 4000 and 5500 samples
    const whole = await transcribe();
    expect(whole.faults).toEqual([]);
    expect((await transcribe({ chunk: 5500 / 8000, overlap: 0.1 })).transcripts).toEqual(whole.transcripts);
    const { transcripts, faults } = await transcribe({ chunk: 0.5, overlap: 0.1 }); // the first file is one chunk, the second two
    expect(faults).toEqual([]);
    expect(transcripts[0]).toEqual(whole.transcripts[0]);
    expect(transcripts[1]!.seconds).toBe(5500 / 8000);
    expect(transcripts[1]!.logProbability).not.toBe(whole.transcripts[1]!.logProbability); // each chunk is normalised by itself
    expect(transcripts[1]!.logProbability! / whole.transcripts[1]!.logProbability!).toBeCloseTo(1, 1);
    recogniser.parameters.release();
  });
});

describe("init", () => {
  const startOf = (sets: string[]) => {
    const messages: string[] = [];
    return run("started", ["init=whole", "steps=1", "optimizer.learning_rate=1e-9", ...sets], {
      message: (message) => void messages.push(message),
    }).then(() => messages.filter((message) => message.startsWith("init:")));
  };
  const head = (values: Map<string, unknown>) =>
    (values.get("lm_head.weight") as Float32Array).map((value) => Math.fround(Math.round(value * 1e5) / 1e5));
  const best = () => {
    const { tensors, close } = loadCheckpoint(at("whole"));
    const values = new Map([...tensors].map(([key, { values }]) => [key, values]));
    close();
    return values;
  };

  it("takes weights and the output layer where the units are the same", async () => {
    rmSync(at("started"), { recursive: true, force: true });
    expect(await startOf([])).toEqual([]);
    const started = valuesOf("started");
    expect(started.get("wav2vec2.feature_extractor.conv_layers.0.conv.weight")).toEqual(
      best().get("wav2vec2.feature_extractor.conv_layers.0.conv.weight"),
    );
    expect(head(started)).toEqual(head(best()));
  });

  it("draws the output layer anew where they are others, and says so", async () => {
    rmSync(at("started"), { recursive: true, force: true });
    writeFileSync(at("vocab.json"), '{ "<pad>": 0, "<unk>": 1, "|": 2, "a": 3, "b": 4 }');
    expect(await startOf(["units={ kind: vocabulary, vocabulary: vocab.json }"])).toEqual([
      `init: the output layer is newly initialised, since the units differ from those of ${at("whole/best.safetensors")}: its units are vocabulary instead of characters`,
    ]);
    expect((valuesOf("started").get("lm_head.weight") as Float32Array).length).toBe(5 * 16);
  });

  it("gives a config what it does not say: model, features, sample rate, units, depths, masks, LayerDrop", () => {
    writeFileSync(
      at("started.yaml"),
      "init: whole\ndata: { train: train.jsonl, dev: dev.jsonl }\nmodel: { activation_dropout: 0.3 }\nunfold: { depths: [1, 2] }\n",
    );
    const [whole, started] = [config(), loadConfig(at("started.yaml"))];
    expect(started.model).toEqual({ ...whole.model, activationDropout: 0.3 });
    expect([started.features, started.units, started.masking, started.data.sampleRate]).toEqual([
      whole.features,
      whole.units,
      whole.masking,
      8000,
    ]);
    expect([started.loss.layerDrop, loadConfig(at("started.yaml"), ["loss.layer_drop=0"]).loss.layerDrop]).toEqual([
      0.2, 0,
    ]);
    expect(started.unfold).toEqual({ ...whole.unfold, depths: [1, 2] });
  });

  it("of another model is refused before any audio is read, in one sentence that names tensors", async () => {
    rmSync(at("started"), { recursive: true, force: true });
    const error = await startOf(["model.dim=32", "data.train=gone.jsonl"]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(
      /^init: [^\n]+best\.safetensors does not fit the model of the config: wav2vec2\.masked_spec_embed is \[16\], expected \[32\]; [^\n]+ more$/u,
    );
    expect(existsSync(at("started/last.safetensors"))).toBe(false);
  });
});

it("a run whose blank is not class 0 learns which class it is", async () => {
  writeFileSync(at("blank_last.json"), '{ "a": 0, "b": 1, "|": 2, "<unk>": 3, "<pad>": 4 }');
  const losses: number[] = [];
  await run(
    "blank_last",
    [
      "units={ kind: vocabulary, vocabulary: blank_last.json }",
      "augment=null",
      "masking=null",
      "loss.layer_drop=0",
      "steps=30",
      "eval.every_steps=30",
      "schedule={ kind: constant, warmup_steps: 0 }",
      "optimizer.learning_rate=1e-2",
    ],
    {
      record: (record) => {
        if (isStep(record)) losses.push(record.loss);
      },
    },
  );
  expect(losses).toHaveLength(30);
  expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  const recogniser = openRecogniser(device, at("blank_last"));
  expect([recogniser.units.blank, recogniser.model.config.blank]).toEqual([4, 4]);
  const { transcripts } = await transcribeFiles(
    device,
    recogniser,
    [0, 1, 4, 5].map((i) => at(`u${i}.wav`)),
    evaluatedPaths(recogniser.config).at(-1)!,
    silentObserver,
    {},
  );
  const posterior = new Float32Array(5);
  const { samples } = await readAudio(at("u5.wav"), 8000);
  const { values, frames } = recogniser.frontEnd.compute(samples);
  await forEachPosterior(
    device,
    recogniser.model,
    [{ features: values, frames, labels: new Int32Array() }],
    [[0]],
    {},
    (logProbs) => logProbs.forEach((value, i) => (posterior[i % 5]! += Math.exp(value))),
  );
  recogniser.parameters.release();
  expect(transcripts.map(({ text }) => text).join("")).toMatch(/^[ab ]*$/u);
  expect(posterior.indexOf(Math.max(...posterior))).toBe(4); // most frames are blanks: the class that was trained as one
});

describe("the plan of a step on waveforms is what the pool reports of it", () => {
  it.each([
    ["activations kept", ["unfold.checkpointing=false"]],
    ["with checkpointing", ["unfold.checkpointing=true"]],
    ["in f16", ["precision=f16"]],
    ["nothing frozen", ["model.freeze_feature_encoder=false"]],
  ])("%s", async (_, sets) => {
    const planned = config("loss.layer_drop=0", ...sets);
    const items = [4000, 3100].map((frames, i) => ({
      frames,
      features: Float32Array.from({ length: frames }, (_unused, n) => uniform(i, n) - 0.5),
      labels: Int32Array.of(1, 2),
    }));
    device.trim();
    expect(device.pool.statistics.liveBytes).toBe(0);
    device.pool.resetPeak();
    const { activation } = activationType(device, planned.precision);
    const built = buildModel(device, planned, 4, { optimizer: true, half: activation === "f16", blank: 0 });
    const outputs = items.map(({ frames }) => built.model.outputFrames(frames));
    const batch = {
      ...padBatch(items, 1),
      masks: featureMasks(outputs, outputs[0]!, 16, planned.masking!, [[1], [2]]),
    };
    for (let step = 1; step <= 2; step++) {
      const tape = new Tape(device, { seed: 1, step, activation });
      trainingStep(tape, built, uploadBatch(tape, batch, built.model), trainingPaths(planned, step), planned, {
        learningRate: 1e-3,
        step,
      });
      tape.end();
    }
    await device.finish();
    const { encoder, block, whole } = countParameters(built);
    expect(block).toBeLessThan(encoder);
    expect(encoder).toBe(whole - 4 * 16 - 4);
    built.parameters.release();
    expect(planStep(device, planned, 4, { size: 2, frames: 4000, labels: 2 }).totalBytes).toBe(
      device.pool.statistics.peakBytes,
    );
  });
});
