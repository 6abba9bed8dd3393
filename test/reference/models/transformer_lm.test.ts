import { describe, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import { read } from "../../../engine/transfer.ts";
import { crossEntropy } from "../../../kernels/cross_entropy/cross_entropy.ts";
import { logSoftmax } from "../../../kernels/softmax/softmax.ts";
import { TextTree, type Text } from "../../../model/language/text_tree.ts";
import { TransformerLm } from "../../../model/language/transformer_lm.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook } from "../book.ts";
import { expectParameterGradients, withWeights } from "./reference_model.ts";

interface Attrs {
  config: {
    vocabulary: number;
    blank: number;
    dim: number;
    heads: number;
    feed_forward_dim: number;
    num_blocks: number;
    layer_norm_eps: number;
  };
}

const device = testDevice();

describe("models/transformer_lm", () => {
  for (const bookCase of loadBook<Attrs>("models/transformer_lm").cases) {
    const { config: c } = bookCase.attrs;
    const { inputs, outputs } = bookCase;
    const [tokensIn, tokensOut] = [inputs.integers("tokens_in"), inputs.integers("tokens_out")];
    const build = () =>
      withWeights(
        device(),
        bookCase,
        (parameters) =>
          new TransformerLm(parameters, {
            vocabulary: c.vocabulary,
            blank: c.blank,
            dim: c.dim,
            heads: c.heads,
            feedForwardDim: c.feed_forward_dim,
            blocks: c.num_blocks,
            layerNormEps: c.layer_norm_eps,
            dropout: 0,
          }),
      );

    it.each([false, true])(`${bookCase.name}: probabilities, loss, gradients; blocks recomputed: %s`, async (again) => {
      const { model, parameters } = build();
      const tape = new Tape(device(), { training: true });
      const logits = model.forward(tape, tape.upload(tokensIn.values, tokensIn.shape), { checkpointing: again });
      expectClose(await read(device(), logSoftmax(tape, logits)), outputs.get("log_probs"), { shape: logits.shape });
      const loss = crossEntropy(tape, logits, tape.upload(tokensOut.values, tokensOut.shape));
      expectClose(await read(device(), loss), outputs.get("loss"));
      tape.backward(loss);
      await expectParameterGradients(parameters, bookCase);
      tape.end();
      parameters.release();
    });

    it(`${bookCase.name}: token by token, with texts of several lengths in a pass`, async () => {
      const { model, parameters } = build();
      const tree = new TextTree(model);
      const [batch, longest] = tokensIn.shape as [number, number];
      const got = new Float32Array(batch * longest * c.vocabulary);
      let texts: Text[] = tokensIn.values.reduce<Text[]>(
        (all) => (all.length < batch ? [...all, tree.begin()] : all),
        [],
      );
      // Sentence b starts at step b, so that texts of different lengths are read together.
      for (let step = 0; step < longest + batch - 1; step++) {
        texts = texts.map((text, b) =>
          step > b && step - b < longest ? tree.extend(text, tokensIn.values[b * longest + step - b]!) : text,
        );
        const followed = texts.filter((_, b) => step >= b);
        const tape = new Tape(device(), { grad: false });
        const told = tree.read(tape, followed)!;
        told.take((await read(device(), told.logProbs)) as Float32Array);
        tape.end();
        texts.forEach(({ next, place }, b) => {
          if (step >= b) got.set(next!, (b * longest + place) * c.vocabulary);
        });
      }
      expectClose(got, outputs.get("log_probs"));
      tree.release();
      parameters.release();
    });
  }
});
