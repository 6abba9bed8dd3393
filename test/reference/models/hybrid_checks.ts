import { deepEqual } from "node:assert/strict";
import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { ConformerHybrid } from "../../../model/conformer/conformer_hybrid.ts";
import { decoderTokens } from "../../../model/decoder/decoder_tokens.ts";
import { jointLoss, jointLossDefaults } from "../../../model/joint_loss.ts";
import { expectClose, loadBook, type BookCase } from "../book.ts";
import { decoderConfig, type ReferenceDecoderConfig } from "./decoder_checks.ts";
import {
  conformerConfig,
  expectParameterGradients,
  withWeights,
  type ModelCheck,
  type ReferenceConfig,
} from "./reference_model.ts";

interface Attrs {
  config: ReferenceConfig;
  decoder: ReferenceDecoderConfig;
  seed_order: number[];
  deep_order: number[];
  kl_of: ("ctc" | "attention")[];
  ctc_weight: number;
  smoothing: number;
  seed_weight: number;
  kl_weight: number;
  kl_reduction: "frames" | "batch";
}

/** The joint loss of a hybrid with every part and gradient, also with every block recomputed. */
export const hybridChecks = (): ModelCheck[] =>
  loadBook<Attrs>("models/conformer_hybrid").cases.flatMap((bookCase) =>
    [false, true].map((checkpointing) => ({
      name: `${bookCase.name}${checkpointing ? ", checkpointed" : ""}`,
      run: (device: Device) => check(device, bookCase, checkpointing),
    })),
  );

async function check(device: Device, bookCase: BookCase<Attrs>, checkpointing: boolean): Promise<void> {
  const { attrs, inputs, outputs } = bookCase;
  const config = conformerConfig(attrs.config);
  const { model, parameters } = withWeights(
    device,
    bookCase,
    (p) => new ConformerHybrid(p, config, decoderConfig(attrs.decoder)),
  );
  const tape = new Tape(device, { training: true });
  const features = leaf(device, inputs.floats("features").values, inputs.get("features").shape);
  const lengths = [...inputs.integers("lengths").values];
  const targets = inputs.integers("targets");
  const targetLengths = inputs.integers("target_lengths").values;
  const tokens = decoderTokens(targets.values, targetLengths, model.decoder.sentenceEnd);
  const shape = [lengths.length, tokens.inputs.length / lengths.length];
  deepEqual(tokens.lengths, outputs.integers("token_lengths").values);

  const output = model.forward(tape, features, lengths, [attrs.deep_order, attrs.seed_order], {
    checkpointing,
    tokens: tape.upload(tokens.inputs, shape),
  });
  deepEqual(output.lengths, [...outputs.integers("encoded_lengths").values]);
  const distilled = attrs.kl_of.length > 0;
  const loss = jointLoss(
    tape,
    output,
    {
      targets: tape.upload(targets.values, targets.shape),
      targetLengths: tape.upload(targetLengths, [lengths.length]),
      lengths: output.deviceLengths,
      tokens: {
        outputs: tape.upload(tokens.outputs, shape),
        lengths: tape.upload(tokens.lengths, [lengths.length]),
      },
    },
    {
      ...jointLossDefaults,
      blank: config.blank,
      seedWeight: attrs.seed_weight,
      klWeight: distilled ? attrs.kl_weight : 0,
      klOf: attrs.kl_of.length === 2 ? "both" : (attrs.kl_of[0] ?? "both"),
      klReduction: attrs.kl_reduction,
      ctcWeight: attrs.ctc_weight,
      labelSmoothing: attrs.smoothing,
    },
  );

  const compare = async (key: string, got: Tensor): Promise<void> =>
    expectClose(await read(device, got), outputs.get(key), { shape: got.shape });
  const scalar = (key: string, got: Tensor): Promise<void> => compare(key, tape.reshape(got, []));
  for (const [path, name] of ["deep", "seed"].entries()) {
    await compare(`${name}_memory`, output.states[path]!);
    await compare(`${name}_ctc_log_probs`, logSoftmax(tape, output.logits[path]!));
    await compare(`${name}_log_probs`, logSoftmax(tape, output.decoded![path]!));
    await scalar(`${name}_ctc`, loss.ctc[path]!);
    await scalar(`${name}_attention`, loss.attention![path]!);
    await scalar(`${name}_loss`, loss.losses[path]!);
  }
  if (loss.kl) await scalar("kl_ctc", loss.kl);
  if (loss.klAttention) await scalar("kl_attention", loss.klAttention);
  deepEqual(
    [loss.kl !== undefined, loss.klAttention !== undefined],
    [attrs.kl_of.includes("ctc"), attrs.kl_of.includes("attention")],
  );
  await scalar("loss", loss.total);
  tape.backward(loss.total);
  expectClose(await read(device, features.grad!), bookCase.grads.get("features"));
  await expectParameterGradients(parameters, bookCase);
  tape.end();
  parameters.release();
}
