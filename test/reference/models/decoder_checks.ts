import { deepEqual } from "node:assert/strict";
import type { Device } from "../../../engine/device.ts";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { leaf, read } from "../../../engine/transfer.ts";
import { crossEntropy, labelSmoothingKl } from "../../../kernels/cross_entropy/cross_entropy.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { AttentionDecoder, type DecoderConfig } from "../../../model/decoder/attention_decoder.ts";
import { decoderTokens } from "../../../model/decoder/decoder_tokens.ts";
import { lengthMask } from "../../../model/length_mask.ts";
import { expectClose, loadBook, type BookCase } from "../book.ts";
import { expectParameterGradients, withWeights, type ModelCheck } from "./reference_model.ts";

/** A decoder's config as the reference values write it. */
export interface ReferenceDecoderConfig {
  vocabulary: number;
  dim: number;
  heads: number;
  feed_forward_dim: number;
  num_blocks: number;
  layer_norm_eps: number;
}

export const decoderConfig = (c: ReferenceDecoderConfig): DecoderConfig => ({
  vocabulary: c.vocabulary,
  dim: c.dim,
  heads: c.heads,
  feedForwardDim: c.feed_forward_dim,
  blocks: c.num_blocks,
  dropout: 0,
  layerNormEps: c.layer_norm_eps,
});

interface Attrs {
  config: ReferenceDecoderConfig;
  loss: "cross_entropy" | "label_smoothing_kl";
  smoothing: number;
}

/** The states, probabilities, losses and gradients of a decoder, also with every block recomputed. */
export const decoderChecks = (): ModelCheck[] =>
  loadBook<Attrs>("models/attention_decoder").cases.flatMap((bookCase) =>
    [false, true].map((checkpointing) => ({
      name: `${bookCase.name}${checkpointing ? ", checkpointed" : ""}`,
      run: (device: Device) => check(device, bookCase, checkpointing),
    })),
  );

async function check(device: Device, bookCase: BookCase<Attrs>, checkpointing: boolean): Promise<void> {
  const { attrs, inputs, outputs } = bookCase;
  const { model, parameters } = withWeights(
    device,
    bookCase,
    (p) => new AttentionDecoder(p, "", decoderConfig(attrs.config)),
  );
  const tape = new Tape(device, { training: true });
  const memory = leaf(device, inputs.floats("memory").values, inputs.get("memory").shape);
  const [tokensIn, tokensOut] = [inputs.integers("tokens_in"), inputs.integers("tokens_out")];
  const lengths = inputs.integers("token_lengths").values;

  // The book gives what we make of the targets ourselves.
  const [batch, tokens] = tokensOut.shape as [number, number];
  const targets = Int32Array.from({ length: batch * (tokens - 1) }, (_, i) => {
    const [b, n] = [Math.floor(i / (tokens - 1)), i % (tokens - 1)];
    return n < lengths[b]! - 1 ? tokensOut.values[b * tokens + n]! : -7;
  });
  deepEqual(
    decoderTokens(
      targets,
      lengths.map((length) => length - 1),
      model.sentenceEnd,
    ),
    { inputs: tokensIn.values, outputs: tokensOut.values, lengths },
  );

  const embedded = model.embed(tape, tape.upload(tokensIn.values, tokensIn.shape));
  const mask = lengthMask(tape, [...inputs.integers("memory_lengths").values], memory.shape[1]!);
  const states: Tensor[] = [];
  const logits = model.forward(
    tape,
    embedded,
    { states: memory, mask },
    {
      checkpointing,
      onState: (_, __, state) => states.push(state),
    },
  );
  const goal = tape.upload(tokensOut.values, tokensOut.shape);
  const { smoothing } = attrs;
  const loss =
    attrs.loss === "cross_entropy"
      ? crossEntropy(tape, logits, goal, { labelSmoothing: smoothing })
      : labelSmoothingKl(tape, logits, goal, { smoothing });

  const compare = async (key: string, got: Tensor): Promise<void> =>
    expectClose(await read(device, got), outputs.get(key), { shape: got.shape });
  if (!checkpointing) for (const [i, state] of states.entries()) await compare(`state_${i + 1}`, state);
  await compare("log_probs", logSoftmax(tape, logits));
  await compare("loss", tape.reshape(loss, []));
  tape.backward(loss);
  expectClose(await read(device, memory.grad!), bookCase.grads.get("memory"));
  await expectParameterGradients(parameters, bookCase);
  tape.end();
  parameters.release();
}
