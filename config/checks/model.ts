import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "../schema/schema.ts";

type Model = ParsedConfig["model"];

/** Finds model sizes that do not fit together. */
export function* modelFaults({ model, loss }: ParsedConfig): Generator<Fault> {
  const { dim, heads } = model;
  if (dim % heads !== 0)
    yield { path: ["model", "heads"], message: `is ${heads}, which does not divide model.dim ${dim}` };
  yield* model.kind === "conformer" ? conformerFaults(model) : wav2vec2Faults(model);
  if (model.kind !== "conformer" || model.decoder === null) yield* withoutDecoder(loss);
}

/** Keys that would mean nothing without a decoder. */
function* withoutDecoder({ kl_of, ctc_weight, label_smoothing }: ParsedConfig["loss"]): Generator<Fault> {
  const needed = "needs a decoder, and model.decoder is not set";
  if (kl_of != null && kl_of !== "ctc") yield { path: ["loss", "kl_of"], message: `is ${kl_of}, which ${needed}` };
  if (ctc_weight != null) yield { path: ["loss", "ctc_weight"], message: needed };
  if (label_smoothing != null) yield { path: ["loss", "label_smoothing"], message: needed };
}

function* conformerFaults({ dim, conv_kernel, decoder }: Model & { kind: "conformer" }): Generator<Fault> {
  if (decoder?.heads != null && dim % decoder.heads !== 0)
    yield {
      path: ["model", "decoder", "heads"],
      message: `is ${decoder.heads}, which does not divide model.dim ${dim}`,
    };
  if (dim % 2 !== 0)
    yield {
      path: ["model", "dim"],
      message: `is ${dim}, expected an even number, because positions are pairs of sine and cosine`,
    };
  if (conv_kernel % 2 === 0)
    yield {
      path: ["model", "conv_kernel"],
      message: `is ${conv_kernel}, expected an odd number, so that it has a middle`,
    };
}

function* wav2vec2Faults(model: Exclude<Model, { kind: "conformer" }>): Generator<Fault> {
  const { kind, dim, heads, conv_dims, positional_groups, positions, depthwise_kernel } = model;
  for (const key of ["conv_kernels", "conv_strides"] as const) {
    if (model[key].length !== conv_dims.length)
      yield {
        path: ["model", key],
        message: `lists ${model[key].length} convolutions, but model.conv_dims lists ${conv_dims.length}`,
      };
  }
  if (dim % positional_groups !== 0)
    yield {
      path: ["model", "positional_groups"],
      message: `is ${positional_groups}, which does not divide model.dim ${dim}`,
    };
  if (kind !== "wav2vec2_conformer") {
    if (positions != null && positions !== "none")
      yield { path: ["model", "positions"], message: `belongs to kind wav2vec2_conformer, but model.kind is ${kind}` };
    return;
  }
  if (depthwise_kernel % 2 === 0)
    yield {
      path: ["model", "depthwise_kernel"],
      message: `is ${depthwise_kernel}, expected an odd number, so that it has a middle`,
    };
  if (positions !== "rotary" && positions !== "none" && dim % 2 !== 0)
    yield {
      path: ["model", "dim"],
      message: `is ${dim}, expected an even number, because relative positions are pairs of sine and cosine`,
    };
  if (positions === "rotary" && (dim / heads) % 2 !== 0)
    yield {
      path: ["model", "positions"],
      message: `is rotary, which rotates pairs of channels, but a head has ${dim / heads} channels`,
    };
}
