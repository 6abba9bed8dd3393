// The work list. Every contestant does exactly this; the comments are the definitions. "_fb" is forward and backward:
// the gradients of all inputs, from a given dy. Inputs are numbered from 1 in the order named: see inputs.mjs.

/**
 * @typedef {object} Work
 * @property {string} title
 * @property {number} [flops]      floating-point operations of one call, where arithmetic is the limit
 * @property {number} [bytes]      bytes one call has to move, where memory is the limit
 * @property {number} [dispatches] kernels of one call, where the cost of a dispatch is the limit
 * @property {string} [step]       the configuration of bench/steps/configurations.ts whose training step this is
 * @property {string} [forward]    the size of wav2vec 2.0 in bench/wav2vec2/random_model.ts whose forward pass this is
 */

const product = (rows, inner, cols, batch = 1) => 2 * batch * rows * inner * cols;
const floats = (count) => 4 * count;

/** An attention's two products: [8 batch x 4 heads, 100, 64] each. */
const ATTENTION = 2 * product(100, 64, 100, 32);
const DEPTHWISE = 2 * 31 * 8 * 100 * 256;
const MILLIONS = 1 << 22;

/** @type {Record<string, Work>} */
export const WORK = {
  // a @ b; backward: da and db
  mm256: { title: "matmul 256³", flops: product(256, 256, 256) },
  mm256_fb: { title: "matmul 256³, with backward", flops: 3 * product(256, 256, 256) },
  mm512: { title: "matmul 512³", flops: product(512, 512, 512) },
  mm512_fb: { title: "matmul 512³, with backward", flops: 3 * product(512, 512, 512) },
  mm1024: { title: "matmul 1024³", flops: product(1024, 1024, 1024) },
  mm1024_fb: { title: "matmul 1024³, with backward", flops: 3 * product(1024, 1024, 1024) },
  ffn: { title: "matmul [400,256]×[256,1024]", flops: product(400, 256, 1024) },
  ffn_fb: { title: "matmul [400,256]×[256,1024], with backward", flops: 3 * product(400, 256, 1024) },
  bmm: { title: "batched matmul [32,100,64]×[32,64,100]", flops: product(100, 64, 100, 32) },
  bmm_fb: { title: "batched matmul, with backward", flops: 3 * product(100, 64, 100, 32) },
  // over the last axis
  softmax: { title: "softmax [3200,100]", bytes: floats(2 * 3200 * 100) },
  // eps 1e-5, with scale and shift; backward reads x, y and dy, and writes dx beside the forward's y
  ln: { title: "layer norm [800,256]", bytes: floats(2 * 800 * 256) },
  ln_fb: { title: "layer norm [800,256], with backward", bytes: floats(5 * 800 * 256) },
  // 31 taps, "same" padding, no bias: x [8 batch, 100 frames, 256 channels], weight [31, 256]
  dw: { title: "depthwise conv k 31 [8,100,256]", flops: DEPTHWISE },
  dw_fb: { title: "depthwise conv k 31 [8,100,256], with backward", flops: 3 * DEPTHWISE },
  // softmax(q kᵀ / 8) v, no mask, q, k, v [8 batch, 4 heads, 100 frames, 64]
  attn: { title: "attention 8×4×100×64", flops: ATTENTION },
  attn_fb: { title: "attention 8×4×100×64, with backward", flops: 3 * ATTENTION },
  add4m: { title: "a + b, 4M values", bytes: floats(3 * MILLIONS) },
  // values, gradient and both moments are read; values and moments written
  adamw4m: { title: "AdamW, 4M values", bytes: floats(7 * MILLIONS) },
  // 100 additions of 16 elements, each to the result before it
  tiny100: { title: "one of 100 dependent tiny kernels", dispatches: 100 },
  // mean((W2 silu(W1 layerNorm(x) + b1) + b2 + x - y)²), its gradients, AdamW
  mlpstep: { title: "MLP training step [800,256], hidden 1024", flops: 2 * 3 * product(800, 256, 1024) },
  // log-softmax inside; the sum over the batch, and the gradient of the logits
  ctc_fb: { title: "CTC loss B 16, T 400, L 60, V 500, with backward" },
  // forward along the deep and the seed path, joint loss, backward, gradient clipping, AdamW; the batch is on the device
  step_tiny: { title: "joint step `tiny`: 2 blocks of 64, depths 6 + 2 + 4, 12 × 2 s", step: "tiny" },
  step_fsdd: { title: "joint step of examples/fsdd: 2 blocks of 96, depths 4 + 2, 16 × 2.5 s", step: "fsdd" },
  step_hybrid: { title: "the same with an attention decoder, examples/hybrid", step: "hybrid" },
  step_readme: {
    title: "joint step of the README's config: 4 blocks of 144, depths 8 + 4, 4,000 frames",
    step: "readme",
  },
  // a forward pass with random weights, of 10 s of noise, which is sent to the device each time
  forward_wav2vec2: { title: "wav2vec 2.0 base, forward, 10 s", forward: "base" },
};

export const ADAMW = { learningRate: 1e-3, beta1: 0.9, beta2: 0.98, eps: 1e-8, weightDecay: 0.01 };

export const CTC = { batch: 16, frames: 400, labels: 60, classes: 500 };

/**
 * A time in the unit that says most about this work: rates are better when higher, times when lower.
 * @param {Work} work
 * @param {number} milliseconds of one call
 * @returns {{ value: number, unit: "GFLOP/s" | "GB/s" | "µs" | "ms" }}
 */
export function inUnit({ flops, bytes, dispatches }, milliseconds) {
  if (flops) return { value: flops / milliseconds / 1e6, unit: "GFLOP/s" };
  if (bytes) return { value: bytes / milliseconds / 1e6, unit: "GB/s" };
  if (dispatches) return { value: (1000 * milliseconds) / dispatches, unit: "µs" };
  return { value: milliseconds, unit: "ms" };
}
