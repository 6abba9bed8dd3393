import { expect, test } from "vitest";
import { release } from "../../engine/tensor.ts";
import { leaf } from "../../engine/transfer.ts";
import { AttentionDecoder } from "../../model/decoder/attention_decoder.ts";
import { jointSearch } from "../../recognition/joint_search.ts";
import { testDevice } from "../test_device.ts";
import { expectClose, loadBook } from "./book.ts";
import { decoderConfig, type ReferenceDecoderConfig } from "./models/decoder_checks.ts";
import { withWeights } from "./models/reference_model.ts";

interface Attrs {
  decoder: ReferenceDecoderConfig;
  ctc_weight: number;
  length_bonus: number;
  max_length: number;
}

const device = testDevice();
const book = loadBook<Attrs>("decode/joint_search");

test.each(book.cases)("$name: a beam that keeps everything finds the best of all sequences", async (bookCase) => {
  const { attrs, inputs, outputs } = bookCase;
  const { model, parameters } = withWeights(
    device(),
    bookCase,
    (p) => new AttentionDecoder(p, "", decoderConfig(attrs.decoder)),
  );
  const memory = inputs.floats("memory");
  const everything = (attrs.decoder.vocabulary - 2) ** attrs.max_length; // labels: neither the blank nor the sentence's end
  const states = leaf(device(), memory.values, [1, ...memory.shape]);
  const [found] = await jointSearch(
    device(),
    model,
    { states, lengths: [memory.shape[0]!], logProbs: [inputs.floats("ctc_log_probs").values], blank: 0, depth: 1 },
    {
      beam: everything,
      ctcWeight: attrs.ctc_weight,
      lengthBonus: attrs.length_bonus,
      maxLength: attrs.max_length,
      preBeam: attrs.decoder.vocabulary,
    },
  );
  const [count, longest] = outputs.get("labels").shape as [number, number];
  const best = found!.slice(0, count);
  expect(best).toHaveLength(count);
  expectClose(
    best.flatMap(({ labels }) => Array.from({ length: longest }, (_, i) => labels[i] ?? -1)),
    outputs.integers("labels"),
  );
  expectClose(
    best.map(({ labels }) => labels.length),
    outputs.integers("lengths"),
  );
  for (const [part, name] of [
    ["score", "scores"],
    ["attention", "attention_scores"],
    ["ctc", "ctc_scores"],
  ] as const)
    if (part !== "ctc" || attrs.ctc_weight > 0)
      expectClose(
        best.map((hypothesis) => hypothesis[part]),
        outputs.floats(name),
      );
  release(states);
  parameters.release();
});
