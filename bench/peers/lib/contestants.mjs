/**
 * @typedef {object} Contestant
 * @property {string} label  as the table shows it
 * @property {string} file   in contestants/
 * @property {boolean} peer  runs on the same adapter, so that a ratio to it says something about the code
 */

/** In the order in which they run. @type {Record<string, Contestant>} */
export const CONTESTANTS = {
  unfold: { label: "unfold", file: "unfold.mjs", peer: false },
  tfjs: { label: "TensorFlow.js", file: "tensorflow_js.mjs", peer: true },
  "ort-web": { label: "onnxruntime-web", file: "onnxruntime_web.mjs", peer: true },
  "ort-node": { label: "onnxruntime-node", file: "onnxruntime_node.mjs", peer: true },
  "jax-js": { label: "jax-js", file: "jax_js.mjs", peer: true },
  "torch-cpu": { label: "PyTorch CPU", file: "pytorch_cpu.py", peer: false },
};
