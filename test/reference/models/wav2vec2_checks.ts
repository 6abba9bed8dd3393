import { deepEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Parameters } from "../../../engine/parameters.ts";
import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import { type Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { ctcLoss } from "../../../kernels/ctc_loss/ctc_loss.ts";
import type { Wav2Vec2Config } from "../../../model/wav2vec2/config.ts";
import { Wav2Vec2Ctc } from "../../../model/wav2vec2/wav2vec2_ctc.ts";
import { readModelConfig } from "../../../checkpoint/hugging_face/config_json.ts";
import { expectClose, fixturesFolder, loadBook, type BookCase } from "../book.ts";
import type { ModelCheck } from "./reference_model.ts";

/** A model of every kind. */
export const WAV2VEC2_MODELS = [
  "wav2vec2_base",
  "wav2vec2_large",
  "hubert_base",
  "hubert_large",
  "wav2vec2_conformer_relative",
  "wav2vec2_conformer_rotary",
] as const;

interface Attrs {
  config: Record<string, unknown> & { ctc_loss_reduction: "sum" | "mean" };
  use_mask: boolean;
}

/** Hidden states, logits, loss and all gradients, gradients also with every block application recomputed. */
export const wav2vec2Checks = (model: (typeof WAV2VEC2_MODELS)[number]): ModelCheck[] =>
  loadBook<Attrs>(`models/${model}`).cases.flatMap((bookCase) =>
    [false, true].map((checkpointing) => ({
      name: `${bookCase.name}${checkpointing ? ", checkpointed" : ""}`,
      run: (device: Device) => check(device, model, bookCase, checkpointing),
    })),
  );

async function check(on: Device, folder: string, bookCase: BookCase<Attrs>, checkpointing: boolean): Promise<void> {
  const { attrs, inputs, outputs } = bookCase;
  const json = JSON.parse(readFileSync(join(fixturesFolder, "models", folder, "config.json"), "utf8")) as object;
  const config: Wav2Vec2Config = {
    ...readModelConfig({ ...json, ...attrs.config }, "config.json"),
    attentionMask: attrs.use_mask,
    freezeFeatureEncoder: false,
  };
  const parameters = new Parameters();
  const model = new Wav2Vec2Ctc(parameters, config);
  parameters.seal(on);
  write(parameters, bookCase);

  const waveform = inputs.floats("waveforms");
  const [batch, samples] = waveform.shape as [number, number];
  const waveforms = leaf(on, waveform.values, [batch, samples, 1]);
  // Without a mask every frame counts as real, padding included.
  const lengths = attrs.use_mask ? [...inputs.integers("lengths").values] : new Array<number>(batch).fill(samples);
  const tape = new Tape(on, { training: false });
  const states: Tensor[] = [];
  const schedule = Array.from({ length: config.blocks }, (_, i) => i);
  const output = model.forward(tape, waveforms, lengths, [schedule], {
    checkpointing,
    onState: (_layer, _block, state) => states.push(state),
  });
  deepEqual(output.lengths, [...outputs.integers("frames").values]);

  const features = model.encoder.features(tape, waveforms);
  const realFrames = attrs.use_mask ? output.deviceLengths : undefined;
  const compare = async (key: string, got: Tensor): Promise<void> => {
    const values = await read(on, got);
    zeroPadding(values as Float32Array, got.shape, output.lengths);
    expectClose(values, outputs.get(key), { shape: got.shape });
  };
  await compare("features", features);
  await compare("hidden_0", model.encoder.embed(tape, features, realFrames, undefined));
  for (const [i, state] of states.entries()) await compare(`hidden_${i + 1}`, state);
  await compare("encoded", output.states[0]!);
  await compare("logits", output.logits[0]!);

  const targets = inputs.integers("targets");
  const loss = ctcLoss(
    tape,
    output.logits[0]!,
    tape.upload(targets.values, targets.shape),
    output.deviceLengths,
    tape.upload(inputs.integers("target_lengths").values, [batch]),
    {
      blank: config.blank,
      reduction: attrs.config.ctc_loss_reduction,
    },
  );
  expectClose(await read(on, loss), outputs.get("loss"));
  tape.backward(loss);
  expectClose(await read(on, waveforms.grad!), bookCase.grads.get("waveforms"));
  const grads = await parameters.read("grads");
  for (const [name, expected] of bookCase.paramGrads) {
    const got = grads.get(declaredName(name));
    if (got) expectClose(got.values, expected, { shape: got.shape });
    else
      ok(
        expected.values.every((value) => Number(value) === 0),
        `${name}: not trained, so without a gradient`,
      );
  }
  tape.end();
  parameters.release();
}

/** The names here are of the newer spelling of weight norm. */
const declaredName = (name: string): string =>
  name
    .replace(/weight_g$/u, "parametrizations.weight.original0")
    .replace(/weight_v$/u, "parametrizations.weight.original1");

function write(parameters: Parameters, { params }: BookCase<Attrs>): void {
  const declared = new Set(parameters.savedShapes.keys());
  for (const [name, { values }] of params) {
    if (name.endsWith("num_batches_tracked") || name.endsWith("inv_freq")) continue;
    ok(declared.delete(declaredName(name)), `the model has no parameter '${name}'`);
    parameters.write(declaredName(name), values as Float32Array);
  }
  deepEqual([...declared], []);
}

function zeroPadding(
  values: Float32Array,
  [batch, frames, width]: readonly number[],
  lengths: readonly number[],
): void {
  for (let row = 0; row < batch!; row++)
    values.fill(0, (row * frames! + lengths[row]!) * width!, (row + 1) * frames! * width!);
}
