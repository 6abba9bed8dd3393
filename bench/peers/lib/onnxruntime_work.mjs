// The work list on ONNX Runtime, for its two packages. It has no gradients: only forward work and AdamW.
import { permute, values } from "./inputs.mjs";
import { onnxModel } from "./onnx_model.mjs";
import { ADAMW } from "./work.mjs";

/** @typedef {import("./onnx_model.mjs").Constant} Constant */

/** @returns {Constant} */
const input = (seed, shape, scale, shift) => [shape, values(seed, shape, scale, shift)];
/** @returns {Constant} */
const scalar = (x) => [[], Float32Array.of(x)];
/** @returns {Constant} */
const integers = (list) => [[list.length], BigInt64Array.from(list, BigInt)];
/** @returns {Constant} */
const permuted = ([shape, data], axes) => [axes.map((axis) => shape[axis]), permute(data, shape, axes)];

const HEADS = [8, 4, 100, 64];
const heads = (seed) => input(seed, HEADS);
const MILLIONS = 1 << 22;

/**
 * @param {{ InferenceSession: { create(model: Uint8Array, options: object): Promise<any> } }} ort the package
 * @returns {Record<string, import("./measure.mjs").Prepare | import("./measure.mjs").Prepare[]>}
 */
export function onnxruntimeWork(ort) {
  const options = { executionProviders: ["webgpu"], graphOptimizationLevel: "disabled", logSeverityLevel: 3 };

  /**
   * Work that is a graph with the result y. Operands are constants, which are on the device before the first call, and graph
   * optimisation is off, since it would compute the whole graph in advance. Each run waits for one element of y.
   */
  const graph = async (constants, nodes, shape, layout = (y) => y) => {
    const ones = shape.map(() => 1);
    const model = onnxModel({
      constants: {
        ...constants,
        starts: integers(shape.map(() => 0)),
        ends: integers(ones),
        axes: integers(shape.map((_, axis) => axis)),
      },
      nodes: [...nodes, ["Slice", ["y", "starts", "ends", "axes"], ["element"]]],
      outputs: { y: shape, element: ones },
    });
    const session = await ort.InferenceSession.create(model, options);
    return {
      call: () => session.run({}, ["element"]),
      finish: async () => {},
      results: async () => [layout((await session.run({}, ["y"])).y.data)],
    };
  };

  const product = (a, b) =>
    graph({ a: input(1, a), b: input(2, b) }, [["MatMul", ["a", "b"], ["y"]]], [...a.slice(0, -1), b.at(-1)]);

  return {
    ...Object.fromEntries([256, 512, 1024].map((n) => [`mm${n}`, () => product([n, n], [n, n])])),
    ffn: () => product([400, 256], [256, 1024]),
    bmm: () => product([32, 100, 64], [32, 64, 100]),
    softmax: () => graph({ x: input(1, [3200, 100], 4) }, [["Softmax", ["x"], ["y"], { axis: -1 }]], [3200, 100]),
    ln: () =>
      graph(
        { x: input(1, [800, 256]), scale: input(2, [256], 1, 1), shift: input(3, [256]) },
        [["LayerNormalization", ["x", "scale", "shift"], ["y"], { axis: -1, epsilon: { float: 1e-5 } }]],
        [800, 256],
      ),
    dw: () =>
      graph(
        {
          x: permuted(input(1, [8, 100, 256]), [0, 2, 1]),
          weight: [[256, 1, 31], permute(values(2, [31, 256]), [31, 256], [1, 0])],
        },
        [["Conv", ["x", "weight"], ["y"], { group: 256, pads: [15, 15], kernel_shape: [31] }]],
        [8, 256, 100],
        (y) => permute(y, [8, 256, 100], [0, 2, 1]),
      ),
    // Its fused kernel takes a subgroup to be 32 wide and is wrong on software drivers; there the plain operators count.
    attn: [fusedAttention, plainAttention].map((attention) => () => attention(graph)),
    add4m: () => graph({ a: input(1, [MILLIONS]), b: input(2, [MILLIONS]) }, [["Add", ["a", "b"], ["y"]]], [MILLIONS]),
    adamw4m: () => graph(adamwConstants(), ADAMW_NODES, [MILLIONS]),
    tiny100: () =>
      graph(
        { sum0: input(1, [16]), b: input(2, [16]) },
        Array.from({ length: 100 }, (_, i) => ["Add", [`sum${i}`, "b"], [i === 99 ? "y" : `sum${i + 1}`]]),
        [16],
      ),
  };
}

const fusedAttention = (graph) =>
  graph(
    Object.fromEntries(
      ["q", "k", "v"].map((name, i) => [name, [[8, 100, 256], permuted(heads(i + 1), [0, 2, 1, 3])[1]]]),
    ),
    [["MultiHeadAttention", ["q", "k", "v"], ["y"], { num_heads: 4 }, "com.microsoft"]],
    [8, 100, 256],
    (y) => permute(y, [8, 100, 4, 64], [0, 2, 1, 3]),
  );

const plainAttention = (graph) =>
  graph(
    { q: heads(1), kTransposed: permuted(heads(2), [0, 1, 3, 2]), v: heads(3), scale: scalar(1 / Math.sqrt(64)) },
    [
      ["MatMul", ["q", "kTransposed"], ["products"]],
      ["Mul", ["products", "scale"], ["scores"]],
      ["Softmax", ["scores"], ["weights"], { axis: -1 }],
      ["MatMul", ["weights", "v"], ["y"]],
    ],
    HEADS,
  );

/** The first step, again and again: state cannot be kept on the device between runs. */
function adamwConstants() {
  const { learningRate, beta1, beta2, eps, weightDecay } = ADAMW;
  const zero = [[MILLIONS], new Float32Array(MILLIONS)];
  return {
    p: input(1, [MILLIONS]),
    g: input(2, [MILLIONS], 0.01),
    m: zero,
    v: zero,
    beta1: scalar(beta1),
    rest1: scalar(1 - beta1),
    beta2: scalar(beta2),
    rest2: scalar(1 - beta2),
    eps: scalar(eps),
    learningRate: scalar(learningRate),
    decay: scalar(1 - learningRate * weightDecay),
  };
}

const ADAMW_NODES = [
  ["Mul", ["m", "beta1"], ["mOld"]],
  ["Mul", ["g", "rest1"], ["mNew"]],
  ["Add", ["mOld", "mNew"], ["m1"]],
  ["Mul", ["v", "beta2"], ["vOld"]],
  ["Mul", ["g", "g"], ["gg"]],
  ["Mul", ["gg", "rest2"], ["vNew"]],
  ["Add", ["vOld", "vNew"], ["v1"]],
  ["Div", ["m1", "rest1"], ["mHat"]],
  ["Div", ["v1", "rest2"], ["vHat"]], // the bias corrections of step 1
  ["Sqrt", ["vHat"], ["root"]],
  ["Add", ["root", "eps"], ["denominator"]],
  ["Div", ["mHat", "denominator"], ["update"]],
  ["Mul", ["update", "learningRate"], ["scaled"]],
  ["Mul", ["p", "decay"], ["decayed"]],
  ["Sub", ["decayed", "scaled"], ["y"]],
];
