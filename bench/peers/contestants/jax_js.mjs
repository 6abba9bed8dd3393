// jax-js with its WebGPU backend, on Dawn. Everything is compiled with jit(), but for the chain of tiny kernels, which it would fuse.
import { readFileSync } from "node:fs";
import { MLP, values } from "../lib/inputs.mjs";
import { measureAll } from "../lib/measure.mjs";
import { adapterName, queuesDone } from "../lib/webgpu_globals.mjs";
import { ADAMW } from "../lib/work.mjs";

// Its einsum parser uses two iterator helpers, which Node has from version 22.
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
IteratorPrototype.map ??= function* (transform) {
  let i = 0;
  for (const item of this) yield transform(item, i++);
};
IteratorPrototype.filter ??= function* (accept) {
  let i = 0;
  for (const item of this) if (accept(item, i++)) yield item;
};

const jax = await import("@jax-js/jax");
const { version } = JSON.parse(
  readFileSync(new URL("../node_modules/@jax-js/jax/package.json", import.meta.url), "utf8"),
);
const { numpy: np, nn, lax, jit, vjp, valueAndGrad, tree } = jax;
await jax.init("webgpu");
jax.defaultDevice("webgpu");

// Arrays are used up by the functions they are given to; `.ref` keeps one for another use.
const input = (seed, shape, scale, shift) => np.array(values(seed, shape, scale, shift)).reshape(shape);
const read = (arrays) => Promise.all(arrays.map((x) => x.data()));
const readAndKeep = (arrays) => read(arrays.map((x) => x.ref));

/** Work is dispatched only when its result is waited for, so all pending results are, and then the queue. */
const finishAll = async (arrays) => {
  await jax.blockUntilReady(arrays);
  await queuesDone();
};

/** Work that is a function of its inputs. `layout` brings the results to the reference's layout. */
function stateless(inputs, operation, layout = (results) => results) {
  const compiled = jit(operation);
  let pending = [];
  let kept = [];
  return {
    call: () => pending.push([compiled(...inputs.map((x) => x.ref))].flat()),
    finish: async () => {
      await finishAll(pending.flat());
      tree.dispose(kept);
      for (const results of pending.slice(0, -1)) tree.dispose(results);
      kept = pending.at(-1) ?? [];
      pending = [];
    },
    results: () => read(layout(kept.map((x) => x.ref))),
  };
}

/** y and the gradients of all inputs; the last argument is dy. */
const gradients =
  (operation) =>
  (...inputs) => {
    const dy = inputs.pop();
    const [y, backward] = vjp(operation, inputs);
    const results = backward(dy);
    backward.dispose?.();
    return [y, ...results];
  };
const withoutY =
  (layout = (results) => results) =>
  ([y, ...results]) => {
    y.dispose();
    return layout(results);
  };

const matmul = (a, b) => np.matmul(a, b);
const layerNorm = (x, scale, shift) => nn.standardize(x, -1).mul(scale).add(shift); // its epsilon is 1e-5
const depthwiseConv = (x, weight) => lax.convGeneralDilated(x, weight, [1], [[15, 15]], { featureGroupCount: 256 });
const attention = (q, k, v) => nn.dotProductAttention(q, k, v);

/** @returns the new values and moments */
const adamw = (parameter, gradient, firstMoment, secondMoment, step) => {
  const { learningRate, beta1, beta2, eps, weightDecay } = ADAMW;
  const m = firstMoment.mul(beta1).add(gradient.ref.mul(1 - beta1));
  const v = secondMoment.mul(beta2).add(np.square(gradient).mul(1 - beta2));
  const correction1 = np.subtract(1, np.power(beta1, step.ref));
  const correction2 = np.subtract(1, np.power(beta2, step));
  const update = np.divide(m.ref.div(correction1), np.sqrt(v.ref.div(correction2)).add(eps));
  return [parameter.mul(1 - learningRate * weightDecay).sub(update.mul(learningRate)), m, v];
};

// Its layouts are [batch, channels, frames] with [channels, 1, taps] for convolutions, [batch, frames, heads, width] for attention.
const channelsFirst = (x) => np.transpose(x, [0, 2, 1]);
const swapHeads = (x) => np.transpose(x, [0, 2, 1, 3]);
const frames = (seed) => channelsFirst(input(seed, [8, 100, 256]));
const taps = () => np.transpose(input(2, [31, 256])).reshape([256, 1, 31]);
const heads = (seed) => swapHeads(input(seed, [8, 4, 100, 64]));

const preparations = {
  ffn: () => stateless([input(1, [400, 256]), input(2, [256, 1024])], matmul),
  ffn_fb: () =>
    stateless([input(1, [400, 256]), input(2, [256, 1024]), input(3, [400, 1024])], gradients(matmul), withoutY()),
  bmm: () => stateless([input(1, [32, 100, 64]), input(2, [32, 64, 100])], matmul),
  bmm_fb: () =>
    stateless(
      [input(1, [32, 100, 64]), input(2, [32, 64, 100]), input(3, [32, 100, 100])],
      gradients(matmul),
      withoutY(),
    ),
  softmax: () => stateless([input(1, [3200, 100], 4)], (x) => nn.softmax(x, -1)),
  ln: () => stateless([input(1, [800, 256]), input(2, [256], 1, 1), input(3, [256])], layerNorm),
  ln_fb: () =>
    stateless(
      [input(1, [800, 256]), input(2, [256], 1, 1), input(3, [256]), input(4, [800, 256])],
      gradients(layerNorm),
      withoutY(),
    ),
  dw: () => stateless([frames(1), taps()], depthwiseConv, ([y]) => [channelsFirst(y)]),
  dw_fb: () =>
    stateless(
      [frames(1), taps(), frames(3)],
      gradients(depthwiseConv),
      withoutY(([dx, dweight]) => [channelsFirst(dx), np.transpose(dweight.reshape([256, 31]))]),
    ),
  attn: () => stateless([1, 2, 3].map(heads), attention, ([y]) => [swapHeads(y)]),
  attn_fb: () =>
    stateless(
      [1, 2, 3, 4].map(heads),
      gradients(attention),
      withoutY((results) => results.map(swapHeads)),
    ),
  add4m: () => stateless([input(1, [1 << 22]), input(2, [1 << 22])], (a, b) => a.add(b)),
  tiny100: () => {
    const add = jit((a, b) => a.add(b));
    const a = input(1, [16]),
      b = input(2, [16]);
    let sum;
    return {
      call: () => {
        sum?.dispose();
        sum = a.ref;
        for (let i = 0; i < 100; i++) sum = add(sum, b.ref);
      },
      finish: () => finishAll([sum]),
      results: () => readAndKeep([sum]),
    };
  },
  adamw4m: () => {
    const update = jit(adamw);
    const gradient = input(2, [1 << 22], 0.01);
    let state = [input(1, [1 << 22]), np.zeros([1 << 22]), np.zeros([1 << 22])];
    let step = 0;
    return {
      call: () => {
        const [parameter, firstMoment, secondMoment] = state;
        state = update(parameter, gradient.ref, firstMoment, secondMoment, np.array(++step));
      },
      finish: () => finishAll(state),
      results: () => readAndKeep([state[0]]),
    };
  },
  mlpstep: () => {
    const x = input(1, [800, 256]),
      y = input(2, [800, 256]);
    const start = MLP.map((parameter) => input(...parameter));
    const zeros = () => MLP.map(([, shape]) => np.zeros(shape));
    const loss = ([scale, shift, w1, b1, w2, b2], x, y) => {
      const hidden = nn.silu(np.matmul(layerNorm(x.ref, scale, shift), w1).add(b1));
      return np.mean(np.square(np.matmul(hidden, w2).add(b2).add(x).sub(y)));
    };
    const update = jit((parameters, firstMoments, secondMoments, x, y, step) => {
      const [value, grads] = valueAndGrad(loss)(
        parameters.map((p) => p.ref),
        x,
        y,
      );
      const updated = parameters.map((p, i) => adamw(p, grads[i], firstMoments[i], secondMoments[i], step.ref));
      step.dispose();
      return [...[0, 1, 2].map((part) => updated.map((state) => state[part])), value];
    });
    let state = [start, zeros(), zeros()];
    let step = 0;
    return {
      call: () => {
        const [parameters, firstMoments, secondMoments, value] = update(...state, x.ref, y.ref, np.array(++step));
        value.dispose();
        state = [parameters, firstMoments, secondMoments];
      },
      finish: () => finishAll(state.flat()),
      results: () => readAndKeep(state[0]),
    };
  },
};
for (const n of [256, 512, 1024]) {
  preparations[`mm${n}`] = () => stateless([input(1, [n, n]), input(2, [n, n])], matmul);
  preparations[`mm${n}_fb`] = () =>
    stateless([input(1, [n, n]), input(2, [n, n]), input(3, [n, n])], gradients(matmul), withoutY());
}

await measureAll({ version, adapter: () => adapterName }, preparations);
