/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
// Tensors, kernels and optimisers, in the order data flows. Every operation is a function that takes the tape first.

// Devices: a hardware GPU if there is one, else a software driver. Nothing is global.
export { openDevice, type Device } from "../engine/device.ts";
export type { AdapterDescription, AdapterOptions } from "../engine/adapter.ts";
export { RunError, UserError } from "../engine/errors.ts";
export { ShapeError, type Shape } from "../engine/shape.ts";
export type { PoolStatistics } from "../engine/pool.ts";
export type { ProfiledKernel, Profiler } from "../engine/profiler.ts";

// Tensors, gradients, parameters, and the random numbers that initialise them.
export { release, Tensor, type DType, type HostArray } from "../engine/tensor.ts";
export { emptyTensor, leaf, read, readLater, tensor, zeroTensor } from "../engine/transfer.ts";
export { Tape, type BackwardRule, type TapeOptions } from "../engine/tape.ts";
export {
  Parameters,
  type FlatRange,
  type Initialiser,
  type Parameter,
  type ParameterOptions,
} from "../engine/parameters.ts";
export { hash, normal, uniform } from "../engine/random.ts";

// Custom kernels: a .wgsl file and its declaration.
export { defineKernel, spread, type Kernel, type KernelDeclaration } from "../engine/kernel/kernel.ts";

// Elementwise operations; binary ones broadcast, and take a number for either operand.
export { add, div, maximum, minimum, mul, pow, sub } from "../kernels/pointwise/binary.ts";
export type { Operand } from "../kernels/pointwise/operands.ts";
export { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../kernels/pointwise/words.ts";
export {
  abs,
  addScalar,
  clamp,
  cos,
  exp,
  gelu,
  geluTanh,
  log,
  neg,
  reciprocal,
  relu,
  rsqrt,
  scale,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from "../kernels/pointwise/unary.ts";
export { addScaled } from "../kernels/pointwise/add_scaled.ts";
export { maskFrames } from "../kernels/pointwise/mask_frames.ts";
export { maskedFill, where } from "../kernels/pointwise/where.ts";
export { dropout } from "../kernels/dropout/dropout.ts";
export { glu } from "../kernels/glu/glu.ts";

// Reductions over axes.
export {
  logSumExp,
  max,
  mean,
  sum,
  variance,
  type Axes,
  type ReductionOptions,
} from "../kernels/reduction/reduction.ts";
export { argmax } from "../kernels/reduction/argmax.ts";
export { cumulativeSum } from "../kernels/cumulative_sum/cumulative_sum.ts";
export { topK } from "../kernels/top_k/top_k.ts";
export { logSoftmax, maskedLogSoftmax, maskedSoftmax, softmax } from "../kernels/softmax/softmax.ts";

// Shapes and indexing. `tape.reshape` is a free view.
export { concat, expand, flip, pad, permute, slice, split, stack, transpose } from "../kernels/shaping/shaping.ts";
export { embedding } from "../kernels/embedding/embedding.ts";
export { gather } from "../kernels/embedding/gather.ts";
export { indexSelect } from "../kernels/embedding/index_select.ts";
export { relShift } from "../kernels/rel_shift/rel_shift.ts";
export { rotaryEmbedding } from "../kernels/rotary/rotary.ts";

// Products, convolutions, attention.
export { matmul, type MatmulOptions } from "../kernels/matmul/matmul.ts";
export { linear, type Activation } from "../kernels/linear/linear.ts";
export { conv1d, type Conv1dOptions } from "../kernels/conv1d/conv1d.ts";
export { conv2d, type Conv2dOptions } from "../kernels/conv2d/conv2d.ts";
export { depthwiseConv, type DepthwiseConvOptions } from "../kernels/depthwise_conv/depthwise_conv.ts";
export {
  averagePool1d,
  averagePool2d,
  maxPool1d,
  maxPool2d,
  type Pool1dOptions,
  type Pool2dOptions,
} from "../kernels/pooling/pooling.ts";
export { positionalConv, type PositionalConvWeights } from "../kernels/positional_conv/positional_conv.ts";
export {
  attention,
  type AttentionOptions,
  type RelativePositions,
  type WeightDropout,
} from "../kernels/attention/attention.ts";

// Normalisation.
export { batchNorm, type BatchNormOptions, type RunningStatistics } from "../kernels/batch_norm/batch_norm.ts";
export { groupNorm, type GroupNormOptions } from "../kernels/group_norm/group_norm.ts";
export { layerNorm, type LayerNormOptions } from "../kernels/layer_norm/layer_norm.ts";
export { weightNorm } from "../kernels/weight_norm/weight_norm.ts";

// Losses.
export {
  crossEntropy,
  labelSmoothingKl,
  type CrossEntropyOptions,
  type LabelSmoothingOptions,
} from "../kernels/cross_entropy/cross_entropy.ts";
export { ctcLoss, type CtcOptions } from "../kernels/ctc_loss/ctc_loss.ts";
export { klDivergence, type KlDivergenceOptions } from "../kernels/kl_divergence/kl_divergence.ts";

// Optimisers: over all `Parameters`, with schedules of their rate; a single step; and the kernels on flat tensors.
export { AdamW, Sgd, type AdamWOptions, type Rate, type SgdSettings } from "../train/optimizers.ts";
export {
  noam,
  triStage,
  warmupConstant,
  warmupCosine,
  warmupInverseRoot,
  warmupLinear,
} from "../train/learning_rate.ts";
export { adamw, type AdamwOptions, type AdamwTensors } from "../kernels/adamw/adamw.ts";
export { sgd, type SgdOptions } from "../kernels/sgd/sgd.ts";
export { clipFactor, globalNorm } from "../kernels/grad_norm/grad_norm.ts";
export {
  lossScaleOf,
  lossScaleState,
  newLossScale,
  scaledUpdate,
  type LossScaleState,
  type ScaledUpdate,
  type ScaledUpdateOptions,
} from "../kernels/loss_scale/loss_scale.ts";
export { optimizerStep, type OptimizerConfig } from "../train/optimizer.ts";

// Parameters as the bytes of a safetensors file.
export { parametersFromBytes, parametersToBytes } from "../checkpoint/safetensors/parameters.ts";

// Layers: operations of one tensor that have their parameters with them; and parameters alone, with their usual initialisation.
export {
  batchNormLayer,
  conv1dLayer,
  conv2dLayer,
  dropoutLayer,
  embeddingLayer,
  groupNormLayer,
  layerNormLayer,
  linearLayer,
  sequential,
  type Layer,
} from "../model/layers.ts";
export {
  declareLinear,
  declareNorm,
  fanIn,
  ones,
  standardNormal,
  zeros,
  type LinearWeights,
  type NormWeights,
} from "../model/weights.ts";
