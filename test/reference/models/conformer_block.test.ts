import { describe, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import { type Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { ConformerBlock } from "../../../model/conformer/block.ts";
import { relativePositions } from "../../../model/positions.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook } from "../book.ts";
import {
  conformerConfig,
  expectParameterGradients,
  expectRunningStatistics,
  withWeights,
  type ReferenceConfig,
} from "./reference_model.ts";

const device = testDevice();
const book = loadBook<{ config: ReferenceConfig; training: boolean }>("models/conformer_block");

describe(book.name, () => {
  for (const bookCase of book.cases)
    it(bookCase.name, async () => {
      const { config, training } = bookCase.attrs;
      const { model, parameters } = withWeights(
        device(),
        bookCase,
        (p) => new ConformerBlock(p, "", conformerConfig(config)),
      );
      const input = bookCase.inputs.floats("x");
      const lengths = bookCase.inputs.integers("lengths").values;
      const [batch, frames, dim] = input.shape as [number, number, number];
      const tape = new Tape(device(), { training });
      const x = leaf(device(), input.values, input.shape);
      const mask = Uint32Array.from({ length: batch * frames }, (_, i) =>
        i % frames < lengths[Math.floor(i / frames)]! ? 1 : 0,
      );
      const stages = model.stages(
        tape,
        x,
        {
          positions: tape.upload(relativePositions(frames, dim), [2 * frames - 1, dim]),
          mask: tape.upload(mask, [batch, 1, 1, frames]),
          lengths: tape.upload(lengths, [batch]),
        },
        0,
      );
      const outputs: Record<string, Tensor> = {
        after_first_feed_forward: stages.afterFirstFeedForward,
        after_attention: stages.afterAttention,
        after_convolution: stages.afterConvolution,
        after_second_feed_forward: stages.afterSecondFeedForward,
        y: stages.y,
      };
      for (const [name, got] of Object.entries(outputs))
        expectClose(await read(device(), got), bookCase.outputs.get(name), { shape: got.shape });
      await expectRunningStatistics(device(), parameters, bookCase);
      const dy = bookCase.cotangents.floats("y");
      tape.backward(stages.y, tape.upload(dy.values, dy.shape));
      expectClose(await read(device(), x.grad!), bookCase.grads.get("x"));
      await expectParameterGradients(parameters, bookCase);
      tape.end();
      parameters.release();
    });
});
