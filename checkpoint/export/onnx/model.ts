import { snakeKeys } from "../../../config/camel_case.ts";
import { MIN_FRAMES, SUBSAMPLING } from "../../../model/conformer/subsampling.ts";
import { UserError } from "../../../engine/errors.ts";
import { restoreCmvn, buildFrontEnd } from "../../../config/front_end.ts";
import { conformerConfig } from "../../../config/model_config.ts";
import type { FixedDepth } from "../fixed_depth.ts";
import { Graph } from "./graph.ts";
import { modelFile, value } from "./model_file.ts";
import { addNetwork, names } from "./network.ts";
import { DataType } from "./schema.ts";

/**
 * Encodes a model of one depth as an ONNX file of standard operators: features to log-probabilities, for any batch size
 * and number of frames, with each physical block's weights stored once. The metadata holds everything else a program
 * needs, from the feature extraction to the text of each class. Of a model with a decoder it is the encoder with its CTC
 * head, and gives the encoder's states too.
 *
 * @throws UserError if the checkpoint's normalisation is damaged
 */
export function onnxModel(fixed: FixedDepth): Uint8Array {
  const { checkpoint, config, units, depth, schedule } = fixed;
  if (config.model.kind !== "conformer")
    throw new UserError(
      `ONNX export supports only Conformers, but ${checkpoint.path} has model.kind ${config.model.kind}`,
    );
  const cmvn = restoreCmvn(checkpoint.state.cmvn, config, checkpoint.path);
  if (cmvn === null)
    throw new UserError(
      `ONNX export supports only models with log-mel features, but ${checkpoint.path} has features.kind ${config.features.kind}`,
    );
  const conformer = conformerConfig(config, units.size, units.blank);
  const hasDecoder = config.model.decoder !== null;
  const graph = Graph.of(checkpoint.tensors);
  addNetwork(graph, conformer, schedule, cmvn);
  return modelFile(graph, {
    name: `conformer_ctc_depth_${depth}`,
    docString: `Conformer with a CTC head: ${config.model.blocks} physical blocks, applied in the order ${schedule.join(" ")}. Weights [out, in] of linear maps are stored as [in, out].`,
    input: [
      value(
        names.features,
        DataType.FLOAT,
        ["batch", "frames", conformer.inputDim],
        `Log-mel features (see the metadata 'features'), not normalised: the training set's mean and variance are in the graph. At least ${MIN_FRAMES} frames; shorter utterances of a batch are padded at their end, with anything.`,
      ),
      value(names.lengths, DataType.INT64, ["batch"], "Frames of each utterance without padding."),
    ],
    output: [
      value(
        names.logProbs,
        DataType.FLOAT,
        ["batch", "output_frames", conformer.vocabulary],
        `Natural logarithms of the CTC posteriors; class ${units.blank} is the blank, the metadata 'units' holds the text of the others${hasDecoder ? ` but the last, ${units.size}, which starts and ends the decoder's sentences and is in no text` : ""}.`,
      ),
      value(
        names.outputLengths,
        DataType.INT64,
        ["batch"],
        `Frames of log_probs that count, each for ${SUBSAMPLING} of the input.`,
      ),
      ...(hasDecoder
        ? [
            value(
              names.states,
              DataType.FLOAT,
              ["batch", "output_frames", conformer.dim],
              "The encoder's states, which the decoder reads.",
            ),
          ]
        : []),
    ],
    metadata: {
      ...sharedMetadata(fixed),
      parameters: fixed.parameters - fixed.decoderParameters,
      features: {
        kind: "log_mel",
        library: "kaldi",
        window: "povey",
        dither: 0,
        ...(snakeKeys(buildFrontEnd(config).cacheKey) as object),
      },
      cmvn: "inside the graph",
      subsampling: SUBSAMPLING,
      minimum_frames: MIN_FRAMES,
      conv_mask: conformer.convMask,
    },
  });
}

/** What the files of encoder and decoder both say. */
export const sharedMetadata = ({
  checkpoint: { state },
  config: { model },
  units,
  depth,
  schedule,
}: FixedDepth): Record<string, unknown> => ({
  depth,
  schedule,
  step: state.step,
  units: units.toJSON(),
  blank: units.blank,
  ...(model.kind === "conformer" && model.decoder && { sentence_end: units.size }),
});
