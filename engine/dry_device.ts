import { Device } from "./device.ts";

/**
 * A device that computes nothing, with the limits, features and tuned choices of another. Kernels are checked but not encoded;
 * buffers have sizes but no memory. The pool makes its decisions at encode time, so a step on a dry device predicts exactly what
 * the pool holds on the real one, and rejects the same oversized tensors and bindings, in milliseconds and without any device memory.
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

/** The subset of GPUDevice that pool, recorder and pipelines use. */
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
      mapAsync: () => Promise.reject(new Error("a dry device computes nothing, so there is nothing to read")),
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
