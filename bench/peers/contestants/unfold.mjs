// unfold itself, from the built package.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  adamw,
  add,
  attention,
  ctcLoss,
  declareLinear,
  declareNorm,
  depthwiseConv,
  layerNorm,
  leaf,
  linear,
  matmul,
  mean,
  openDevice,
  Parameters,
  readLater,
  softmax,
  square,
  sub,
  Tape,
  Tensor,
  tensor,
  zeroTensor,
} from "../../../dist/index.js";
import { ctcLabels, MLP, permute, values } from "../lib/inputs.mjs";
import { measureAll, task } from "../lib/measure.mjs";
import { prepareForward } from "../lib/unfold_forward.mjs";
import { prepareStep } from "../lib/unfold_step.mjs";
import { ADAMW, CTC, WORK } from "../lib/work.mjs";

const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
const device = await openDevice({ adapter: task.adapter, driver: task.driver });
const finish = () => device.finish();

// Three kinds of inputs, as in training: data, layers' outputs, whose gradients the tape keeps until it ends, and
// parameters, whose gradients are added to where they live.
const constant = (seed, shape, scale, shift) => tensor(device, values(seed, shape, scale, shift), shape);
const activation = (seed, shape, scale, shift) =>
  new Tensor(shape, "f32", constant(seed, shape, scale, shift).storage, { needsGrad: true });
const parameter = (seed, shape, scale, shift) => leaf(device, values(seed, shape, scale, shift), shape);

/** Runs `body` on a tape that ends at once, so that the next call gets the same buffers. */
function onTape(options, body) {
  const tape = new Tape(device, options);
  try {
    return body(tape);
  } finally {
    tape.end();
  }
}

/** Work that is a function of its inputs. `layout` brings the result to the reference's layout. */
function forward(inputs, operation, layout = (y) => y) {
  const run = (use) => onTape({ grad: false, training: true }, (tape) => use(operation(tape, ...inputs)));
  return {
    call: () => run(() => {}),
    finish,
    results: async () => {
      const y = run((y) => readLater(device, y));
      await finish();
      return [layout(await y)];
    },
  };
}

/** The same with the gradients of its inputs, which are made anew for the check since parameters' gradients add up. */
function forwardBackward(makeInputs, operation, dy, layouts = []) {
  const run = (inputs, use) =>
    onTape({}, (tape) => {
      tape.backward(operation(tape, ...inputs), dy);
      return use(tape);
    });
  const inputs = makeInputs();
  return {
    call: () => run(inputs, () => {}),
    finish,
    results: async () => {
      const fresh = makeInputs();
      const gradients = run(fresh, (tape) => fresh.map((x) => readLater(device, tape.gradientOf(x))));
      await finish();
      return (await Promise.all(gradients)).map((gradient, i) => (layouts[i] ? layouts[i](gradient) : gradient));
    },
  };
}

const product = (tape, a, b) => matmul(tape, a, b);
const norm = (tape, x, scale, shift) => layerNorm(tape, x, scale, shift);
const convolve = (tape, x, weight) => depthwiseConv(tape, x, weight);
const attend = (tape, q, k, v) => attention(tape, q, k, v, { heads: 4 });

// Heads are slices of the last axis: [batch, frames, heads · width].
const HEADS = [8, 4, 100, 64],
  FRAMES = [8, 100, 4, 64];
const toFrames = (seed, make) => make(permute(values(seed, HEADS), HEADS, [0, 2, 1, 3]), [8, 100, 256]);
const fromFrames = (y) => permute(y, FRAMES, [0, 2, 1, 3]);
const data = (array, shape) => tensor(device, array, shape);
const layerOutput = (array, shape) => new Tensor(shape, "f32", data(array, shape).storage, { needsGrad: true });

// Filters are [channels, 1, taps].
const taps = (make) => make(device, permute(values(2, [31, 256]), [31, 256], [1, 0]), [256, 1, 31]);
const fromTaps = (dweight) => permute(dweight, [256, 31], [1, 0]);

const preparations = {
  ffn: () => forward([constant(1, [400, 256]), constant(2, [256, 1024])], product),
  ffn_fb: () =>
    forwardBackward(() => [activation(1, [400, 256]), parameter(2, [256, 1024])], product, constant(3, [400, 1024])),
  bmm: () => forward([constant(1, [32, 100, 64]), constant(2, [32, 64, 100])], product),
  bmm_fb: () =>
    forwardBackward(
      () => [activation(1, [32, 100, 64]), activation(2, [32, 64, 100])],
      product,
      constant(3, [32, 100, 100]),
    ),
  softmax: () => forward([constant(1, [3200, 100], 4)], (tape, x) => softmax(tape, x)),
  ln: () => forward([constant(1, [800, 256]), constant(2, [256], 1, 1), constant(3, [256])], norm),
  ln_fb: () =>
    forwardBackward(
      () => [activation(1, [800, 256]), parameter(2, [256], 1, 1), parameter(3, [256])],
      norm,
      constant(4, [800, 256]),
    ),
  dw: () => forward([constant(1, [8, 100, 256]), taps(tensor)], convolve),
  dw_fb: () =>
    forwardBackward(() => [activation(1, [8, 100, 256]), taps(leaf)], convolve, constant(3, [8, 100, 256]), [
      undefined,
      fromTaps,
    ]),
  attn: () =>
    forward(
      [1, 2, 3].map((seed) => toFrames(seed, data)),
      attend,
      fromFrames,
    ),
  attn_fb: () =>
    forwardBackward(() => [1, 2, 3].map((seed) => toFrames(seed, layerOutput)), attend, toFrames(4, data), [
      fromFrames,
      fromFrames,
      fromFrames,
    ]),
  add4m: () => forward([constant(1, [1 << 22]), constant(2, [1 << 22])], (tape, a, b) => add(tape, a, b)),
  tiny100: () =>
    forward([constant(1, [16]), constant(2, [16])], (tape, a, b) => {
      let sum = a;
      for (let i = 0; i < 100; i++) sum = add(tape, sum, b);
      return sum;
    }),
  adamw4m: adamwStep,
  mlpstep: mlpStep,
  ctc_fb: ctc,
};
for (const n of [256, 512, 1024]) {
  preparations[`mm${n}`] = () => forward([constant(1, [n, n]), constant(2, [n, n])], product);
  preparations[`mm${n}_fb`] = () =>
    forwardBackward(() => [activation(1, [n, n]), parameter(2, [n, n])], product, constant(3, [n, n]));
}

for (const [name, { step, forward }] of Object.entries(WORK)) {
  if (step) preparations[name] = () => prepareStep(device, step, join(task.folder, `${name}.safetensors`));
  if (forward) preparations[name] = () => prepareForward(device, forward, join(task.folder, name));
}

function adamwStep() {
  const shape = [1 << 22];
  const tensors = {
    values: constant(1, shape),
    grads: constant(2, shape, 0.01),
    firstMoment: zeroTensor(device, shape),
    secondMoment: zeroTensor(device, shape),
  };
  const gradientScale = tensor(device, [1], [1]);
  let step = 0;
  return {
    call: () => adamw({ device }, tensors, { ...ADAMW, step: ++step, gradientScale }),
    finish,
    results: async () => {
      const updated = readLater(device, tensors.values);
      await finish();
      return [await updated];
    },
  };
}

function mlpStep() {
  const x = constant(1, [800, 256]),
    y = constant(2, [800, 256]);
  const parameters = new Parameters();
  const norm = declareNorm(parameters, "norm", 256);
  const expand = declareLinear(parameters, "expand", 256, 1024);
  const contract = declareLinear(parameters, "contract", 1024, 256);
  parameters.seal(device);
  const names = ["norm.weight", "norm.bias", "expand.weight", "expand.bias", "contract.weight", "contract.bias"];
  const gradientScale = tensor(device, [1], [1]);
  let step = 0;

  // A linear layer's weight is [out, in], the work list's [in, out].
  names.forEach((name, i) => {
    const [seed, shape, scale, shift] = MLP[i];
    const start = values(seed, shape, scale, shift);
    parameters.write(name, shape.length === 2 ? permute(start, shape, [1, 0]) : start);
  });
  return {
    call: () =>
      onTape({}, (tape) => {
        const hidden = linear(tape, layerNorm(tape, x, norm.scale, norm.shift), expand.weight, expand.bias, "silu");
        const output = add(tape, linear(tape, hidden, contract.weight, contract.bias), x);
        tape.backward(mean(tape, square(tape, sub(tape, output, y))));
        step++;
        for (const range of parameters.ranges()) adamw(tape, range, { ...ADAMW, step, gradientScale });
        parameters.zeroGrads();
      }),
    finish,
    results: async () => {
      const updated = await parameters.read("values");
      return names.map((name) => {
        const { shape, values } = updated.get(name);
        return shape.length === 2 ? permute(values, shape, [1, 0]) : values;
      });
    },
  };
}

function ctc() {
  const { batch, frames, labels, classes } = CTC;
  const logits = activation(1, [batch, frames, classes], 4);
  const targets = tensor(device, ctcLabels(), [batch, labels]);
  const inputLengths = tensor(device, new Int32Array(batch).fill(frames), [batch]);
  const targetLengths = tensor(device, new Int32Array(batch).fill(labels), [batch]);
  const run = (use) =>
    onTape({}, (tape) => {
      const loss = ctcLoss(tape, logits, targets, inputLengths, targetLengths, { reduction: "sum" });
      tape.backward(loss);
      return use(tape, loss);
    });
  return {
    call: () => run(() => {}),
    finish,
    results: async () => {
      const results = run((tape, loss) => [readLater(device, loss), readLater(device, tape.gradientOf(logits))]);
      await finish();
      return Promise.all(results);
    },
  };
}

await measureAll({ version, adapter: () => device.info.name }, preparations);
