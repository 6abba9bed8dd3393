// onnxruntime-node with its WebGPU execution provider, which brings a Dawn of its own: the driver's manifest in the environment
// leaves it only the adapter that is measured.
import { createRequire } from "node:module";
import { measureAll } from "../lib/measure.mjs";
import { onnxruntimeWork } from "../lib/onnxruntime_work.mjs";

const ort = createRequire(import.meta.url)("onnxruntime-node");
await measureAll({ version: ort.env.versions.node }, onnxruntimeWork(ort));
