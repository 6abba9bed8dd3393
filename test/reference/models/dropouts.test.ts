import { expect, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { read } from "../../../engine/transfer.ts";
import { concat } from "../../../kernels/shaping/shaping.ts";
import { conformerDefaults } from "../../../model/conformer/config.ts";
import { ConformerHybrid } from "../../../model/conformer/conformer_hybrid.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook } from "../book.ts";
import { expectParameterGradients, withWeights } from "./reference_model.ts";

interface Attrs {
  readonly seed: number;
  readonly step: number;
  readonly layers: number;
  readonly rates: Readonly<
    Record<
      | "dropout"
      | "attention_dropout"
      | "position_dropout"
      | "ctc_dropout"
      | "decoder_dropout"
      | "decoder_attention_dropout",
      number
    >
  >;
  readonly config: Readonly<
    Record<
      "input_dim" | "vocabulary" | "dim" | "heads" | "feed_forward_dim" | "conv_kernel" | "channels" | "layer_norm_eps",
      number
    >
  >;
}

// Every dropout of a hybrid, by the same random numbers, is where ESPnet has it: test/fixtures/models/dropouts.py.
const device = testDevice();
const [bookCase] = loadBook<Attrs>("models/dropouts").cases as [ReturnType<typeof loadBook<Attrs>>["cases"][number]];
const { attrs, inputs, outputs, cotangents } = bookCase;

function build(rates: Attrs["rates"]) {
  const { config: c } = attrs;
  const sizes = { heads: c.heads, feedForwardDim: c.feed_forward_dim, layerNormEps: c.layer_norm_eps, blocks: 1 };
  const encoder = {
    ...conformerDefaults,
    ...sizes,
    inputDim: c.input_dim,
    vocabulary: c.vocabulary,
    dim: c.dim,
    convKernel: c.conv_kernel,
    subsamplingChannels: c.channels,
    dropout: rates.dropout,
    attentionDropout: rates.attention_dropout,
    positionDropout: rates.position_dropout,
    ctcDropout: rates.ctc_dropout,
  };
  const decoder = {
    ...sizes,
    dropout: rates.decoder_dropout,
    attentionDropout: rates.decoder_attention_dropout,
    unfold: (depth: number) => new Array<number>(depth).fill(0),
  };
  return withWeights(device(), bookCase, (parameters) => new ConformerHybrid(parameters, encoder, decoder));
}

function forward(tape: Tape, model: ConformerHybrid, checkpointing: boolean) {
  const given = inputs.floats("features");
  const features = tape.upload(given.values, given.shape);
  const tokens = inputs.integers("tokens");
  const { logits, decoded } = model.forward(
    tape,
    features,
    [...inputs.integers("lengths").values],
    [new Array<number>(attrs.layers).fill(0)],
    { checkpointing, tokens: tape.upload(tokens.values, tokens.shape) },
  );
  return { logits: logits[0]!, decoded: decoded![0]! };
}

const flat = (tape: Tape, x: Tensor): Tensor => tape.reshape(x, [x.size]);

it.each([false, true])("every dropout of a hybrid, with blocks recomputed: %s", async (checkpointing) => {
  const { model, parameters } = build(attrs.rates);
  const tape = new Tape(device(), { training: true, seed: attrs.seed, step: attrs.step });
  const { logits, decoded } = forward(tape, model, checkpointing);
  expectClose(await read(device(), logits), outputs.get("logits"), { shape: logits.shape });
  expectClose(await read(device(), decoded), outputs.get("decoded"), { shape: decoded.shape });
  const both = concat(tape, [flat(tape, logits), flat(tape, decoded)], 0);
  const gradient = [...cotangents.floats("logits").values, ...cotangents.floats("decoded").values];
  tape.backward(both, tape.upload(Float32Array.from(gradient), both.shape));
  await expectParameterGradients(parameters, bookCase);
  tape.end();
  parameters.release();
});

it("each of them matters, and none at recognition", async () => {
  const said = async (rates: Attrs["rates"], training = true): Promise<number[]> => {
    const { model, parameters } = build(rates);
    const tape = new Tape(device(), { grad: false, training, seed: attrs.seed, step: attrs.step });
    const { logits, decoded } = forward(tape, model, false);
    const values = [...(await read(device(), logits)), ...(await read(device(), decoded))];
    tape.end();
    parameters.release();
    return values;
  };
  const all = await said(attrs.rates);
  const none = Object.fromEntries(Object.keys(attrs.rates).map((name) => [name, 0])) as Attrs["rates"];
  for (const name of Object.keys(none)) expect(await said({ ...attrs.rates, [name]: 0 }), name).not.toEqual(all);
  expect(await said(attrs.rates, false)).toEqual(await said(none));
});
