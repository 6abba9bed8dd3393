// Libraries written for browsers look for WebGPU at navigator.gpu. This puts Dawn (npm `webgpu`) there, and remembers the
// devices that they make, so that a measurement can wait for them and see their errors.
import { availableParallelism } from "node:os";
import { create, globals } from "webgpu";
import { deviceErrors, task } from "./measure.mjs";

/** @type {GPUDevice[]} */
const devices = [];

Object.assign(globalThis, globals);
export const gpu = create(task.adapter ? [`adapter=${task.adapter}`] : []);
const navigator = {
  gpu,
  userAgent: "node",
  hardwareConcurrency: availableParallelism(),
  platform: process.platform,
  language: "en",
};
Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true, writable: true });

/** The name of the adapter that was handed out, as its driver calls it. @type {string | undefined} */
export let adapterName;

const requestAdapter = gpu.requestAdapter.bind(gpu);
gpu.requestAdapter = async (options) => {
  const adapter = await requestAdapter(options);
  if (!adapter) return adapter;
  adapterName = adapter.info.device;
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = async (descriptor) => {
    // TensorFlow.js hands over a list with a list in it; Dawn wants plain names.
    const device = await requestDevice({
      ...descriptor,
      requiredFeatures: [...(descriptor?.requiredFeatures ?? [])].flat(),
    });
    devices.push(device);
    device.addEventListener?.("uncapturederror", (event) => {
      event.preventDefault?.();
      deviceErrors.push(event.error.message.split("\n")[0]);
    });
    return device;
  };
  return adapter;
};

/** Resolves when every device has done what was submitted so far. */
export const queuesDone = () => Promise.all(devices.map((device) => device.queue.onSubmittedWorkDone()));
