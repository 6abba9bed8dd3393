import { snakeKeys } from "../../../config/camel_case.ts";
import { MIN_FRAMES, SUBSAMPLING } from "../../../model/conformer/subsampling.ts";
import { UserError } from "../../../engine/errors.ts";
import { restoreCmvn, buildFrontEnd } from "../../../config/front_end.ts";
import { conformerConfig } from "../../../config/model_config.ts";
import type { FixedDepth } from "../fixed_depth.ts";
import { Graph } from "./graph.ts";
import { addNetwork, names } from "./network.ts";
import { DataType, modelSchema, type ModelProto, type ValueInfoProto } from "./schema.ts";

/** LayerNormalization was added in opset 17, supported since 2022 with IR version 8. */
const OPSET = 17;
const IR_VERSION = 8;

/**
 * Encodes a model of one depth as an ONNX file of standard operators: features to log-probabilities, for any batch size
 * and number of frames, with each physical block's weights stored once. The metadata holds everything else a program
 * needs, from the feature extraction to the text of each class.
 *
 * @throws UserError if the checkpoint's normalisation is damaged
 */
export function onnxModel(fixed: FixedDepth): Uint8Array {
  const { checkpoint, config, units, depth, schedule } = fixed;
  if (config.model.kind !== "conformer")
    throw new UserError(
      `ONNX export supports only Conformers, but ${checkpoint.path} has model.kind ${config.model.kind}`,
    );
  if (config.model.decoder)
    throw new UserError(
      `ONNX export supports only models without a decoder, but ${checkpoint.path} has model.decoder of ${config.model.decoder.blocks} blocks`,
    );
  const cmvn = restoreCmvn(checkpoint.state.cmvn, config, checkpoint.path);
  if (cmvn === null)
    throw new UserError(
      `ONNX export supports only models with log-mel features, but ${checkpoint.path} has features.kind ${config.features.kind}`,
    );
  const graph = Graph.of(checkpoint.tensors);
  addNetwork(graph, conformerConfig(config, units.size, units.blank), schedule, cmvn);
  const model: ModelProto = {
    irVersion: IR_VERSION,
    producerName: "unfold",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: {
      name: `conformer_ctc_depth_${depth}`,
      docString: `Conformer with a CTC head: ${config.model.blocks} physical blocks, applied in the order ${schedule.join(" ")}. Weights [out, in] of linear maps are stored as [in, out].`,
      node: [...graph.nodes],
      initializer: [...graph.initialisers],
      input: [
        value(
          names.features,
          DataType.FLOAT,
          ["batch", "frames", buildFrontEnd(config).bins],
          `Log-mel features (see the metadata 'features'), not normalised: the training set's mean and variance are in the graph. At least ${MIN_FRAMES} frames; shorter utterances of a batch are padded at their end, with anything.`,
        ),
        value(names.lengths, DataType.INT64, ["batch"], "Frames of each utterance without padding."),
      ],
      output: [
        value(
          names.logProbs,
          DataType.FLOAT,
          ["batch", "output_frames", units.size],
          `Natural logarithms of the CTC posteriors; class ${units.blank} is the blank, the metadata 'units' holds the text of the others.`,
        ),
        value(
          names.outputLengths,
          DataType.INT64,
          ["batch"],
          `Frames of log_probs that count, each for ${SUBSAMPLING} of the input.`,
        ),
      ],
    },
    metadataProps: Object.entries(metadata(fixed)).map(([key, entry]) => ({
      key,
      value: typeof entry === "string" ? entry : JSON.stringify(entry),
    })),
  };
  return modelSchema.encode(model).finish();
}

/** Strings are stored as they are, everything else as JSON. */
const metadata = ({
  checkpoint: { state },
  config,
  units,
  depth,
  schedule,
  parameters,
}: FixedDepth): Record<string, unknown> => ({
  depth,
  schedule,
  parameters,
  step: state.step,
  units: units.toJSON(),
  blank: units.blank,
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
  conv_mask: conformerConfig(config, units.size, units.blank).convMask,
});

const value = (
  name: string,
  elemType: number,
  sizes: readonly (string | number)[],
  docString: string,
): ValueInfoProto => ({
  name,
  docString,
  type: {
    tensorType: {
      elemType,
      shape: { dim: sizes.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size })) },
    },
  },
});
