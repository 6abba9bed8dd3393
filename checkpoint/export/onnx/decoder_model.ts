import { conformerConfig, decoderConfig } from "../../../config/model_config.ts";
import type { FixedDepth } from "../fixed_depth.ts";
import { addDecoder, names } from "./decoder.ts";
import { Graph } from "./graph.ts";
import { sharedMetadata } from "./model.ts";
import { modelFile, value } from "./model_file.ts";
import { DataType } from "./schema.ts";

/**
 * Encodes a hybrid's attention decoder as an ONNX file of its own: a search runs the encoder once an utterance and the
 * decoder once a token. It scores every next token of whole prefixes. Undefined for a model without a decoder.
 */
export function onnxDecoder(fixed: FixedDepth): Uint8Array | undefined {
  const { checkpoint, config, units, depth, decoderParameters } = fixed;
  const sizes = decoderConfig(config);
  if (!sizes) return undefined;
  const { vocabulary, dim } = conformerConfig(config, units.size, units.blank);
  const graph = Graph.of(checkpoint.tensors);
  const schedule = sizes.unfold?.(depth) ?? Array.from({ length: sizes.blocks }, (_, block) => block);
  addDecoder(graph, { ...sizes, vocabulary, dim }, schedule);
  return modelFile(graph, {
    name: "attention_decoder",
    docString: `Transformer decoder of ${sizes.blocks} blocks, applied in the order ${schedule.join(" ")}. Weights [out, in] of linear maps are stored as [in, out].`,
    input: [
      value(
        names.tokens,
        DataType.INT64,
        ["prefixes", "tokens"],
        `What was said so far: class ${units.size}, which starts every sentence, then classes of text. Shorter prefixes are padded at their end, with any class.`,
      ),
      value(
        names.states,
        DataType.FLOAT,
        ["utterances", "output_frames", dim],
        "From the encoder: the states of each prefix's utterance, or of a single one that all prefixes are of.",
      ),
      value(names.lengths, DataType.INT64, ["utterances"], "From the encoder: frames of states that count."),
    ],
    output: [
      value(
        names.logProbs,
        DataType.FLOAT,
        ["prefixes", "tokens", vocabulary],
        `Natural logarithms of the probabilities of what follows each token; class ${units.size} is the end of the sentence.`,
      ),
    ],
    metadata: { ...sharedMetadata(fixed), parameters: decoderParameters },
  });
}
