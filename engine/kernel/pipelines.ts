import { COMPUTE_STAGE } from "../gpu_flags.ts";
import { collectGarbage } from "../host/node.ts";
import { RunError } from "../errors.ts";
import { showShape } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { specialise, withHalves, withUniformSizes, type ReflectedBinding, type ReflectedShader } from "./wgsl.ts";

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly groups: Map<string, GPUBindGroup>;
}

type LoadedCode = ReflectedShader & { readonly code: string };

/**
 * Maximum number of cached bind groups. A training step has some hundred, and nearly all are cache hits, because the pool gives
 * equal steps equal buffers. The limit exists because each live one costs a software driver a memory mapping, and Linux allows a
 * process 65,530 of those.
 */
const MAX_BIND_GROUPS = 4096;

/** The parts of a device that compiling needs. */
export interface PipelineDevice {
  readonly gpu: GPUDevice;
  readonly info: { readonly name: string };
  readonly limits: Pick<GPUSupportedLimits, "maxStorageBufferBindingSize" | "maxStorageBuffersPerShaderStage">;
  /** The bind group layout for a dispatch's sizes, if WGSL has no immediates. */
  readonly recorder: { readonly sizeSlots: { readonly layout: GPUBindGroupLayout } | undefined };
  /** Keeps the error that `scope` resolves to, if any, until the next read. */
  watch(scope: Promise<GPUError | null>, what: string): void;
}

/** Caches the compiled pipelines of one device and their bind groups. */
export class PipelineCache {
  readonly #device: PipelineDevice;
  readonly #compiled = new Map<LoadedCode, Map<string, CompiledKernel>>();
  readonly #bufferIds = new WeakMap<GPUBuffer, number>();
  #nextBufferId = 0;
  /** Cached, because reading a limit or a buffer's size is a call into Dawn. */
  readonly #maxBindingBytes: number;
  readonly #maxBindings: number;
  #bindGroups = 0;

  constructor(device: PipelineDevice) {
    this.#device = device;
    this.#maxBindingBytes = device.limits.maxStorageBufferBindingSize;
    this.#maxBindings = device.limits.maxStorageBuffersPerShaderStage;
  }

  /** The pipeline of a shader for these constants and tensor types, compiled at first use. */
  get(
    label: string,
    shader: LoadedCode,
    names: readonly string[],
    constants: Readonly<Record<string, number | boolean>>,
    tensors: Readonly<Record<string, Tensor>>,
  ): CompiledKernel {
    let key = "";
    for (const name of names) key += `${String(constants[name])}|`;
    for (const { name, alias } of shader.bindings) if (alias !== undefined) key += (tensors[name] as Tensor).dtype;
    let variants = this.#compiled.get(shader);
    if (!variants) this.#compiled.set(shader, (variants = new Map()));
    let compiled = variants.get(key);
    if (!compiled)
      variants.set(key, (compiled = this.#compile(label, shader, constants, halves(label, shader.bindings, tensors))));
    return compiled;
  }

  #compile(
    label: string,
    shader: LoadedCode,
    constants: Readonly<Record<string, number | boolean>>,
    halves: readonly string[],
  ): CompiledKernel {
    const { gpu, info } = this.#device;
    const count = shader.bindings.length;
    if (count > this.#maxBindings)
      throw new RunError(
        `${label} binds ${count} buffers; the adapter ${info.name} allows at most ${this.#maxBindings} at once`,
      );
    // Compile errors arrive asynchronously; the device keeps them and throws them at the next read.
    gpu.pushErrorScope("validation");
    const sizes = shader.immediateBytes > 0 ? this.#device.recorder.sizeSlots?.layout : undefined;
    const source = sizes ? withUniformSizes(shader.code) : shader.code;
    const module = gpu.createShaderModule({
      label,
      code: withHalves(label, specialise(label, source, constants), halves),
    });
    const pipeline = gpu.createComputePipeline({
      label,
      layout: sizes ? layoutWith(gpu, shader.bindings, sizes) : "auto",
      compute: { module, entryPoint: shader.entryPoint },
    });
    const layout = pipeline.getBindGroupLayout(0);
    this.#device.watch(gpu.popErrorScope(), `${label}.wgsl does not compile`);
    return { pipeline, layout, groups: new Map() };
  }

  /** The bind group of these tensors. Checks their types, and that no written buffer is bound twice. */
  bind(
    label: string,
    compiled: CompiledKernel,
    bindings: readonly ReflectedBinding[],
    tensors: Readonly<Record<string, Tensor>>,
  ): GPUBindGroup {
    let key = "";
    for (const { name, scalar, alias } of bindings) {
      const x = tensors[name] as Tensor;
      if (x.dtype !== scalar && !(alias !== undefined && x.dtype === "f16"))
        throw new Error(`${label}: binding '${name}' is ${scalar}, but the tensor is ${x.dtype}`);
      key += `${this.#bufferId(x.storage.buffer)}:${x.offset}:${this.#isBoundWhole(x) ? 0 : x.bytes} `;
    }
    const known = compiled.groups.get(key);
    if (known) return known;
    checkAliases(label, bindings, tensors);
    if (this.#bindGroups >= MAX_BIND_GROUPS) this.forgetBindGroups();
    this.#bindGroups++;
    const group = this.#device.gpu.createBindGroup({
      layout: compiled.layout,
      entries: bindings.map(({ name, binding }) => ({
        binding,
        resource: this.#resource(label, name, tensors[name] as Tensor),
      })),
    });
    compiled.groups.set(key, group);
    return group;
  }

  /** A tensor that has a buffer to itself is bound as the whole buffer, so that batches of other sizes share the bind group. */
  #isBoundWhole({ storage }: Tensor): boolean {
    return !storage.sliced && storage.size <= this.#maxBindingBytes;
  }

  #resource(label: string, name: string, x: Tensor): GPUBufferBinding {
    const { buffer } = x.storage;
    if (this.#isBoundWhole(x)) return { buffer };
    const most = this.#maxBindingBytes;
    if (x.bytes > most)
      throw new RunError(
        `${label}: '${name}' ${showShape(x.shape)} has ${x.bytes} bytes; this device can bind at most ${most}`,
      );
    return { buffer, offset: x.offset, size: Math.max(4, x.bytes) };
  }

  /** Drops all bind groups; call when buffers are destroyed. */
  forgetBindGroups(): void {
    for (const variants of this.#compiled.values()) for (const { groups } of variants.values()) groups.clear();
    this.#bindGroups = 0;
    collectGarbage();
  }

  /** Number of cached bind groups. */
  get bindGroups(): number {
    return this.#bindGroups;
  }

  #bufferId(buffer: GPUBuffer): number {
    let id = this.#bufferIds.get(buffer);
    if (id === undefined) this.#bufferIds.set(buffer, (id = this.#nextBufferId++));
    return id;
  }
}

/** The layout of a pipeline whose sizes have a dynamic offset, which layout "auto" cannot express. */
const layoutWith = (
  gpu: GPUDevice,
  bindings: readonly ReflectedBinding[],
  sizes: GPUBindGroupLayout,
): GPUPipelineLayout =>
  gpu.createPipelineLayout({
    bindGroupLayouts: [
      gpu.createBindGroupLayout({
        entries: bindings.map(({ binding, access }) => ({
          binding,
          visibility: COMPUTE_STAGE,
          buffer: { type: access === "read" ? "read-only-storage" : "storage" },
        })),
      }),
      sizes,
    ],
  });

/** The type aliases that become f16 for these tensors. */
function halves(
  label: string,
  bindings: readonly ReflectedBinding[],
  tensors: Readonly<Record<string, Tensor>>,
): string[] {
  const types = new Map<string, string>();
  for (const { name, alias } of bindings) {
    if (alias === undefined) continue;
    const { dtype } = tensors[name] as Tensor;
    if ((types.get(alias) ?? dtype) !== dtype)
      throw new Error(`${label}: '${name}' is ${dtype}, but another binding of type ${alias} is ${types.get(alias)!}`);
    types.set(alias, dtype);
  }
  return [...types].filter(([, dtype]) => dtype === "f16").map(([alias]) => alias);
}

/** WebGPU allows a written buffer only once per dispatch, except as disjoint slices that are all read_write. */
function checkAliases(
  label: string,
  bindings: readonly ReflectedBinding[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  bindings.forEach((a, i) => {
    for (const b of bindings.slice(i + 1)) {
      const [x, y] = [tensors[a.name] as Tensor, tensors[b.name] as Tensor];
      if (x.storage.buffer !== y.storage.buffer || (a.access === "read" && b.access === "read")) continue;
      const disjoint = x.offset + x.bytes <= y.offset || y.offset + y.bytes <= x.offset;
      if (a.access !== b.access || !disjoint || !x.storage.sliced)
        throw new Error(`${label}: '${a.name}' and '${b.name}' share a buffer and one of them is written`);
    }
  });
}
