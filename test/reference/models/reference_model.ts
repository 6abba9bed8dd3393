import { Parameters } from "../../../engine/parameters.ts";
import type { Device } from "../../../engine/device.ts";
import { read } from "../../../engine/transfer.ts";
import type { ConformerConfig } from "../../../model/conformer/config.ts";
import { expectClose, type BookCase } from "../book.ts";

/** A comparison of a model with its reference values, which fails by throwing. */
export interface ModelCheck {
  readonly name: string;
  readonly run: (device: Device) => Promise<void>;
}

/** A config as the reference values write it. */
export interface ReferenceConfig {
  input_dim: number;
  vocabulary: number;
  dim: number;
  heads: number;
  feed_forward_dim: number;
  conv_kernel: number;
  num_blocks: number;
  conv_norm: "layer_norm" | "batch_norm";
  conv_mask: "before_depthwise" | "around_module" | "none";
  batch_norm_over: "all" | "valid";
  layer_norm_eps: number;
  batch_norm_eps: number;
  batch_norm_momentum: number;
  blank: number;
}

export const conformerConfig = (c: ReferenceConfig): ConformerConfig => ({
  inputDim: c.input_dim,
  vocabulary: c.vocabulary,
  dim: c.dim,
  heads: c.heads,
  feedForwardDim: c.feed_forward_dim,
  convKernel: c.conv_kernel,
  blocks: c.num_blocks,
  subsamplingChannels: c.dim,
  dropout: 0,
  convNorm: c.conv_norm,
  convMask: c.conv_mask,
  batchNormOver: c.batch_norm_over,
  layerNormEps: c.layer_norm_eps,
  batchNormEps: c.batch_norm_eps,
  batchNormMomentum: c.batch_norm_momentum,
  blank: c.blank,
});

/** A model with the weights of a case. */
export function withWeights<Model, Attrs>(
  device: Device,
  bookCase: BookCase<Attrs>,
  build: (parameters: Parameters) => Model,
): { model: Model; parameters: Parameters } {
  const parameters = new Parameters();
  const model = build(parameters);
  parameters.seal(device);
  const declared = new Set(parameters.savedShapes.keys());
  for (const [name, { values }] of bookCase.params) {
    if (name.endsWith("num_batches_tracked")) continue;
    if (!declared.delete(name)) throw new Error(`the model has no parameter '${name}'`);
    parameters.write(name, values as Float32Array);
  }
  if (declared.size > 0) throw new Error(`the case has no weights for ${[...declared].join(", ")}`);
  return { model, parameters };
}

/** Compares every parameter's gradient. */
export async function expectParameterGradients<Attrs>(
  parameters: Parameters,
  bookCase: BookCase<Attrs>,
): Promise<void> {
  const grads = await parameters.read("grads");
  for (const [name, expected] of bookCase.paramGrads) {
    const got = grads.get(name);
    if (!got) throw new Error(`no gradient for '${name}'`);
    expectClose(got.values, expected, { shape: got.shape });
  }
}

/** Compares the running statistics that training left, `after.<name>`. */
export async function expectRunningStatistics<Attrs>(
  device: Device,
  parameters: Parameters,
  bookCase: BookCase<Attrs>,
): Promise<void> {
  for (const [name, expected] of bookCase.outputs) {
    if (!name.startsWith("after.")) continue;
    const buffer = parameters.buffers.find((b) => `after.${b.name}` === name);
    if (!buffer) throw new Error(`the model has no buffer for '${name}'`);
    expectClose(await read(device, buffer.tensor), expected);
  }
}
