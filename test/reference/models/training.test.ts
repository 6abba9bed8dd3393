import { describe, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import { read } from "../../../engine/transfer.ts";
import { ConformerCtc } from "../../../model/conformer/conformer_ctc.ts";
import { jointLoss, jointLossDefaults } from "../../../model/joint_loss.ts";
import { optimizerStep } from "../../../train/optimizer.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook } from "../book.ts";
import { conformerConfig, withWeights, type ReferenceConfig } from "./reference_model.ts";

interface Attrs {
  model_attrs: {
    config: ReferenceConfig;
    order: number[];
    seed_order: number[];
    deep_order: number[];
    alpha: number;
    beta: number;
    temperature: number;
  };
  model: "conformer_ctc" | "conformer_joint";
  learning_rates: number[];
  betas: [number, number];
  eps: number;
  weight_decay: number;
  max_grad_norm: number;
}

const device = testDevice();

// Twenty steps of AdamW with clipping: the losses and gradient norms that PyTorch sees.
for (const name of ["models/training_layer_norm", "models/training_batch_norm"])
  describe(name, () => {
    for (const bookCase of loadBook<Attrs>(name).cases)
      it(bookCase.name, async () => {
        const { attrs, inputs, outputs } = bookCase;
        const { model_attrs: options, betas, eps, weight_decay: weightDecay, max_grad_norm: maxGradNorm } = attrs;
        const joint = attrs.model === "conformer_joint";
        const { model, parameters } = withWeights(
          device(),
          bookCase,
          (p) => new ConformerCtc(p, conformerConfig(options.config)),
        );
        const [features, targets] = [inputs.floats("features"), inputs.integers("targets")];
        const lengths = [...inputs.integers("lengths").values];
        const weights = joint
          ? { seedWeight: options.alpha, klWeight: options.beta, temperature: options.temperature }
          : {};
        const losses: number[] = [];
        const norms: number[] = [];
        for (const [i, learningRate] of attrs.learning_rates.entries()) {
          const tape = new Tape(device());
          const output = model.forward(
            tape,
            tape.upload(features.values, features.shape),
            lengths,
            joint ? [options.deep_order, options.seed_order] : [options.order],
          );
          const batch = {
            targets: tape.upload(targets.values, targets.shape),
            targetLengths: tape.upload(inputs.integers("target_lengths").values, [lengths.length]),
            lengths: output.deviceLengths,
          };
          const { total } = jointLoss(tape, output, batch, {
            ...jointLossDefaults,
            ...weights,
            blank: options.config.blank,
          });
          tape.backward(total);
          const norm = optimizerStep(
            tape,
            parameters,
            { betas, eps, weightDecay, maxGradNorm, decayAll: true },
            learningRate,
            i + 1,
          );
          losses.push((await read(device(), total))[0]!);
          norms.push((await read(device(), norm))[0]!);
          tape.end();
        }
        expectClose(losses, outputs.get("losses"));
        expectClose(norms, outputs.get("grad_norms"));
        parameters.release();
      });
  });
