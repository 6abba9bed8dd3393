// onnxruntime-web with its WebGPU execution provider, on Dawn.
import { measureAll } from "../lib/measure.mjs";
import { onnxruntimeWork } from "../lib/onnxruntime_work.mjs";
import { adapterName } from "../lib/webgpu_globals.mjs";

// Its threads share their memory, and Dawn for Node takes no views of shared memory.
const queue = globalThis.GPUQueue.prototype;
const { writeBuffer } = queue;
queue.writeBuffer = function (buffer, offset, data, ...rest) {
  return writeBuffer.call(
    this,
    buffer,
    offset,
    data.buffer instanceof SharedArrayBuffer ? new Uint8Array(data) : data,
    ...rest,
  );
};

const ort = await import("onnxruntime-web/webgpu");
await measureAll({ version: ort.env.versions.web, adapter: () => adapterName }, onnxruntimeWork(ort));
