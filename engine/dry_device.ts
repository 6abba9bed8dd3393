import { Device } from "./device.ts";

/**
 * A device with the limits, features and tuned choices of another on which nothing is computed: kernels are checked and
 * encoded into nothing, buffers are sizes without memory. Since the pool decides at encode time, running a step on it
 * predicts exactly what the pool holds on the real device, and refuses the same tensors and bindings that are too large,
 * in milliseconds and without a byte of device memory.
 *
 * Contents are undefined: reading a tensor back throws, and initial values are not drawn.
 */
export function dryDevice({ instance, gpu, info, table, recorder }: Device): Device {
  const device = new Device(instance, dryGpu(gpu.limits, gpu.features), info, {
    table,
    immediates: recorder.sizeSlots === undefined,
  });
  device.dry = true;
  return device;
}

const nothing = (): undefined => undefined;

/** As much of a GPUDevice as pool, recorder and pipelines use. */
function dryGpu(limits: GPUSupportedLimits, features: GPUSupportedFeatures): GPUDevice {
  const pass = {
    setPipeline: nothing,
    setBindGroup: nothing,
    setImmediates: nothing,
    dispatchWorkgroups: nothing,
    end: nothing,
  };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, clearBuffer: nothing, finish: nothing };
  const pipeline = { getBindGroupLayout: nothing };
  const gpu = {
    limits,
    features,
    lost: new Promise<never>(nothing),
    createBuffer: ({ size }: GPUBufferDescriptor) => ({
      size,
      getMappedRange: () => new ArrayBuffer(size),
      unmap: nothing,
      destroy: nothing,
      mapAsync: () => Promise.reject(new Error("a dry device computes nothing that could be read")),
    }),
    createCommandEncoder: () => encoder,
    createShaderModule: nothing,
    createComputePipeline: () => pipeline,
    createBindGroup: nothing,
    createBindGroupLayout: nothing,
    createPipelineLayout: nothing,
    pushErrorScope: nothing,
    popErrorScope: () => Promise.resolve(null),
    queue: { submit: nothing, writeBuffer: nothing, onSubmittedWorkDone: () => Promise.resolve() },
    destroy: nothing,
  };
  return gpu as unknown as GPUDevice;
}
