// TensorFlow.js with its WebGPU backend, on Dawn. There is no layer norm, attention or AdamW in it: they are composed.
import { createRequire } from "node:module";
import { MLP, values } from "../lib/inputs.mjs";
import { measureAll } from "../lib/measure.mjs";
import { adapterName, queuesDone } from "../lib/webgpu_globals.mjs";
import { ADAMW } from "../lib/work.mjs";

globalThis.window ??= globalThis; // the backend registers itself only where there is a window
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");
require("@tensorflow/tfjs-backend-webgpu");
tf.env().set("WEBGPU_CPU_FORWARD", false); // otherwise small work is done on the CPU
if (!(await tf.setBackend("webgpu"))) throw new Error("the WebGPU backend did not start");
const backend = tf.backend();

const input = (seed, shape, scale, shift) => tf.tensor(values(seed, shape, scale, shift), shape);
const read = (tensors) => Promise.all(tensors.map((x) => x.data()));

/** Commands are collected until there are enough of them: these are the last ones. */
const finish = async () => {
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await queuesDone();
};

/** Work that is a function of its inputs; the results of the call before are disposed of. */
function stateless(inputs, operation) {
  let last = [];
  return {
    call: () => {
      tf.dispose(last);
      last = [tf.tidy(() => operation(...inputs))].flat();
    },
    finish,
    results: () => read(last),
  };
}

/** The gradients of all inputs; the last argument is dy. */
const gradients =
  (operation) =>
  (...inputs) =>
    tf.grads(operation)(inputs.slice(0, -1), inputs.at(-1));

const matmul = (a, b) => tf.matMul(a, b);
const softmax = (x) => tf.softmax(x);
const depthwiseConv = (x, weight) => tf.depthwiseConv2d(x, weight, 1, "same"); // [batch, frames, 1, channels], [taps, 1, channels, 1]
const attention = (q, k, v) => tf.matMul(tf.softmax(tf.matMul(q, k, false, true).mul(1 / 8)), v);
const layerNorm = (x, scale, shift) => {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(scale).add(shift);
};

/** @returns the new values and moments */
const adamw = (parameter, gradient, firstMoment, secondMoment, step) =>
  tf.tidy(() => {
    const { learningRate, beta1, beta2, eps, weightDecay } = ADAMW;
    const m = firstMoment.mul(beta1).add(gradient.mul(1 - beta1));
    const v = secondMoment.mul(beta2).add(gradient.square().mul(1 - beta2));
    const update = m.div(1 - beta1 ** step).div(
      v
        .div(1 - beta2 ** step)
        .sqrt()
        .add(eps),
    );
    return [parameter.mul(1 - learningRate * weightDecay).sub(update.mul(learningRate)), m, v];
  });

const HEADS = [8, 4, 100, 64];
const preparations = {
  ffn: () => stateless([input(1, [400, 256]), input(2, [256, 1024])], matmul),
  ffn_fb: () => stateless([input(1, [400, 256]), input(2, [256, 1024]), input(3, [400, 1024])], gradients(matmul)),
  bmm: () => stateless([input(1, [32, 100, 64]), input(2, [32, 64, 100])], matmul),
  bmm_fb: () =>
    stateless([input(1, [32, 100, 64]), input(2, [32, 64, 100]), input(3, [32, 100, 100])], gradients(matmul)),
  softmax: () => stateless([input(1, [3200, 100], 4)], softmax),
  ln: () => stateless([input(1, [800, 256]), input(2, [256], 1, 1), input(3, [256])], layerNorm),
  ln_fb: () =>
    stateless(
      [input(1, [800, 256]), input(2, [256], 1, 1), input(3, [256]), input(4, [800, 256])],
      gradients(layerNorm),
    ),
  dw: () => stateless([input(1, [8, 100, 1, 256]), input(2, [31, 1, 256, 1])], depthwiseConv),
  dw_fb: () =>
    stateless(
      [input(1, [8, 100, 1, 256]), input(2, [31, 1, 256, 1]), input(3, [8, 100, 1, 256])],
      gradients(depthwiseConv),
    ),
  attn: () =>
    stateless(
      [1, 2, 3].map((seed) => input(seed, HEADS)),
      attention,
    ),
  attn_fb: () =>
    stateless(
      [1, 2, 3, 4].map((seed) => input(seed, HEADS)),
      gradients(attention),
    ),
  add4m: () => stateless([input(1, [1 << 22]), input(2, [1 << 22])], (a, b) => tf.add(a, b)),
  tiny100: () =>
    stateless([input(1, [16]), input(2, [16])], (a, b) => {
      let sum = a;
      for (let i = 0; i < 100; i++) sum = tf.add(sum, b);
      return sum;
    }),
  adamw4m: () => {
    const gradient = input(2, [1 << 22], 0.01);
    let state = [input(1, [1 << 22]), tf.zeros([1 << 22]), tf.zeros([1 << 22])];
    let step = 0;
    return {
      call: () => {
        const old = state;
        state = adamw(old[0], gradient, old[1], old[2], ++step);
        tf.dispose(old);
      },
      finish,
      results: () => read([state[0]]),
    };
  },
  mlpstep: () => {
    const x = input(1, [800, 256]),
      y = input(2, [800, 256]);
    let parameters = MLP.map((parameter) => input(...parameter));
    let firstMoments = parameters.map((p) => tf.zerosLike(p));
    let secondMoments = parameters.map((p) => tf.zerosLike(p));
    let step = 0;
    const loss = (scale, shift, w1, b1, w2, b2) => {
      const hidden = tf.matMul(layerNorm(x, scale, shift), w1).add(b1);
      const output = tf.matMul(hidden.mul(hidden.sigmoid()), w2).add(b2).add(x);
      return output.sub(y).square().mean();
    };
    return {
      call: () => {
        const { value, grads } = tf.valueAndGrads(loss)(parameters);
        step++;
        const updated = parameters.map((p, i) => adamw(p, grads[i], firstMoments[i], secondMoments[i], step));
        tf.dispose([value, grads, parameters, firstMoments, secondMoments]);
        [parameters, firstMoments, secondMoments] = [0, 1, 2].map((part) => updated.map((state) => state[part]));
      },
      finish,
      results: () => read(parameters),
    };
  },
};
for (const n of [256, 512, 1024]) {
  preparations[`mm${n}`] = () => stateless([input(1, [n, n]), input(2, [n, n])], matmul);
  preparations[`mm${n}_fb`] = () =>
    stateless([input(1, [n, n]), input(2, [n, n]), input(3, [n, n])], gradients(matmul));
}

await measureAll({ version: tf.version_core, adapter: () => adapterName }, preparations);
