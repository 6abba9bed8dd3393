import { deepEqual } from "node:assert/strict";
import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import { type Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { ConformerCtc } from "../../../model/conformer/conformer_ctc.ts";
import { jointLoss, jointLossDefaults } from "../../../model/joint_loss.ts";
import { expectClose, loadBook, type BookCase } from "../book.ts";
import {
  conformerConfig,
  expectParameterGradients,
  expectRunningStatistics,
  withWeights,
  type ModelCheck,
  type ReferenceConfig,
} from "./reference_model.ts";

interface Attrs {
  config: ReferenceConfig;
  training: boolean;
  /** conformer_ctc */
  order: number[];
  /** conformer_joint */
  seed_order: number[];
  deep_order: number[];
  alpha: number;
  beta: number;
  temperature: number;
}

/** The weights, depths, orders and joint losses of a book; gradients also with every block application recomputed. */
export const conformerChecks = (book: "models/conformer_layer_norm" | "models/conformer_batch_norm"): ModelCheck[] =>
  loadBook<Attrs>(book).cases.flatMap((bookCase) => [
    { name: bookCase.name, run: (device: Device) => check(device, bookCase, false) },
    ...(bookCase.cotangents.size > 0
      ? [{ name: `${bookCase.name}, checkpointed`, run: (device: Device) => check(device, bookCase, true) }]
      : []),
  ]);

async function check(on: Device, bookCase: BookCase<Attrs>, checkpointing: boolean): Promise<void> {
  const { attrs, inputs, outputs } = bookCase;
  const config = conformerConfig(attrs.config);
  const joint = bookCase.op === "conformer_joint";
  const { model, parameters } = withWeights(on, bookCase, (p) => new ConformerCtc(p, config));
  const tape = new Tape(on, { training: joint || attrs.training });
  const features = leaf(on, inputs.floats("features").values, inputs.get("features").shape);
  const lengths = [...inputs.integers("lengths").values];
  const states: [string, Tensor][] = [];
  const schedules = joint ? [attrs.deep_order, attrs.seed_order] : [attrs.order];
  const output = model.forward(tape, features, lengths, schedules, {
    checkpointing,
    onState: (layer, _, state) => states.push([`state_${layer + 1}`, state]),
  });
  deepEqual(output.lengths, [...outputs.integers("encoded_lengths").values]);
  const targets = inputs.integers("targets");
  const batch = {
    targets: tape.upload(targets.values, targets.shape),
    targetLengths: tape.upload(inputs.integers("target_lengths").values, [lengths.length]),
    lengths: output.deviceLengths,
  };
  const loss = jointLoss(tape, output, batch, {
    ...jointLossDefaults,
    blank: config.blank,
    ...(joint && { seedWeight: attrs.alpha, klWeight: attrs.beta, temperature: attrs.temperature }),
  });
  const compare = async (key: string, got: Tensor): Promise<void> =>
    expectClose(await read(on, got), outputs.get(key), { shape: got.shape });
  const logProbs = output.logits.map((logits) => logSoftmax(tape, logits));
  if (joint) {
    await compare("deep_log_probs", logProbs[0]!);
    await compare("seed_log_probs", logProbs[1]!);
    await compare("deep_ctc", tape.reshape(loss.ctc[0]!, []));
    await compare("seed_ctc", tape.reshape(loss.ctc[1]!, []));
    await compare("kl", tape.reshape(loss.kl!, []));
  } else {
    await compare("log_probs", logProbs[0]!);
    for (const [key, state] of states) await compare(key, state);
    await expectRunningStatistics(on, parameters, bookCase);
  }
  await compare("loss", tape.reshape(loss.total, []));
  if (bookCase.cotangents.size > 0) {
    tape.backward(loss.total);
    expectClose(await read(on, features.grad!), bookCase.grads.get("features"));
    await expectParameterGradients(parameters, bookCase);
  }
  tape.end();
  parameters.release();
}
