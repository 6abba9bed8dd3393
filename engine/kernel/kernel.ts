import type { Device } from "../device.ts";
import { readShader } from "../host/node.ts";
import type { Tensor } from "../tensor.ts";
import { specialise, type ShaderSource } from "./wgsl.ts";

export type Access = "read" | "read_write";
export type SizeType = "u32" | "i32" | "f32";
export type Workgroups = readonly [number, number?, number?];

/** What TypeScript says about a `.wgsl` file. Loading compares it with the file and refuses any difference. */
export interface KernelDeclaration<B extends string, S extends string, C extends string> {
  /** `new URL("./forward.wgsl", import.meta.url)` */
  readonly file: URL;
  /** Each `var<storage>`, by its WGSL name and access. */
  readonly bindings: Readonly<Record<B, Access>>;
  /** The fields of `var<immediate>`, in order: numbers that change with every batch. At most 64 bytes. */
  readonly sizes?: Readonly<Record<S, SizeType>>;
  /** `const NAME: u32 = …;` lines to rewrite: numbers fixed by a model's config. One pipeline per combination. */
  readonly constants?: readonly C[];
  /** A kernel whose threads go on in steps of all of them may have as many as fill the device. */
  readonly workgroups: (
    sizes: Readonly<Record<S, number>>,
    constants: Readonly<Record<C, number | boolean>>,
    device: Pick<Device, "isSoftware">,
  ) => Workgroups;
  /** Multiply-adds of a dispatch that arithmetic takes longer than memory, by which submissions are cut. Default: by the elements bound. */
  readonly work?: (sizes: Readonly<Record<NoInfer<S>, number>>) => number;
}

export interface Kernel<B extends string, S extends string, C extends string> {
  readonly label: string;
  readonly declaration: KernelDeclaration<B, S, C>;
  /** Encodes one dispatch. Nothing is submitted and nothing is waited for. */
  encode(
    target: { readonly device: Device },
    bindings: Readonly<Record<B, Tensor>>,
    sizes: Readonly<Record<S, number>>,
    constants: Readonly<Record<C, number | boolean>>,
  ): void;
  /** Reads and checks the shader without a device. */
  load(): LoadedShader;
}

interface LoadedShader extends ShaderSource {
  /** For `var<immediate>`, used again by each dispatch, since Dawn copies it at once. */
  readonly immediateView: DataView<ArrayBuffer>;
}

/** Every kernel that was defined, for tests that check all of them. */
export const definedKernels: Kernel<never, never, never>[] = [];

/**
 * Declares a compute shader. The file is read, reflected and checked at first use; a pipeline is compiled once for each
 * device and combination of constants.
 */
export function defineKernel<B extends string, S extends string = never, C extends string = never>(
  declaration: KernelDeclaration<B, S, C>,
): Kernel<B, S, C> {
  const label = labelOf(declaration.file);
  let loaded: LoadedShader | undefined;
  const kernel: Kernel<B, S, C> = {
    label,
    declaration,
    load: () => (loaded ??= loadShader(label, declaration)),
    encode({ device }, bindings, sizes, constants) {
      const groups = declaration.workgroups(sizes, constants, device);
      const [x, y, z] = [groups[0], groups[1] ?? 1, groups[2] ?? 1];
      if (x === 0 || y === 0 || z === 0) return;
      if (Math.max(x, y, z) > 65535) throw new Error(`${label}: ${x} x ${y} x ${z} workgroups; at most 65535 an axis`);
      const shader = kernel.load();
      const pipeline = device.pipelines.get(label, shader, declaration.constants ?? [], constants, bindings);
      const group = device.pipelines.bind(label, pipeline, shader.bindings, bindings);
      const immediates = shader.immediateBytes === 0 ? undefined : packSizes(shader, sizes);
      device.traffic?.add(Object.values(bindings));
      const work = declaration.work?.(sizes) ?? MULTIPLY_ADDS_AN_ELEMENT * elementsOf(bindings);
      device.recorder.dispatch(label, pipeline.pipeline, group, immediates, [x, y, z], work);
    },
  };
  definedKernels.push(kernel as unknown as Kernel<never, never, never>);
  return kernel;
}

/** As many as a GPU does in the time in which it moves an element: small ones reach some 200 GFLOP/s and 25 GB/s. */
const MULTIPLY_ADDS_AN_ELEMENT = 16;

function elementsOf(bindings: Readonly<Record<string, Tensor>>): number {
  let elements = 0;
  for (const name in bindings) elements += (bindings[name] as Tensor).size;
  return elements;
}

/** Workgroups for `threads` threads in a row, folded into two axes when there are more than one axis allows. */
export function spread(threads: number, workgroupSize: number): [number, number] {
  const groups = Math.ceil(threads / workgroupSize);
  if (groups <= 65535) return [groups, 1];
  const rows = Math.ceil(groups / 65535);
  return [Math.ceil(groups / rows), rows];
}

/** `kernels/glu/forward.wgsl` -> `glu/forward`. */
const labelOf = (file: URL): string =>
  file.pathname
    .split("/")
    .slice(-2)
    .join("/")
    .replace(/\.wgsl$/, "");

function loadShader<B extends string, S extends string, C extends string>(
  label: string,
  declaration: KernelDeclaration<B, S, C>,
): LoadedShader {
  const shader = readShader(label, declaration.file);
  const fail = (what: string): never => {
    throw new Error(`${label}.wgsl: ${what}`);
  };
  const declared = declaration.bindings as Record<string, Access>;
  for (const { name, access } of shader.bindings) {
    if (!declared[name]) fail(`binding '${name}' is ${access}, its declaration has no such binding`);
    if (declared[name] !== access) fail(`binding '${name}' is ${access}, its declaration says ${declared[name]}`);
  }
  for (const name of Object.keys(declared))
    if (!shader.bindings.some((binding) => binding.name === name))
      fail(`declared binding '${name}' is not in the shader`);
  const sizes = Object.entries((declaration.sizes ?? {}) as Record<string, SizeType>).map(
    ([name, type]) => `${name}: ${type}`,
  );
  const fields = shader.immediates.map(({ name, type }) => `${name}: ${type}`);
  if (sizes.join(", ") !== fields.join(", "))
    fail(`var<immediate> has (${fields.join(", ")}), its declaration says (${sizes.join(", ")})`);
  if (shader.immediateBytes > 64) fail(`var<immediate> has ${shader.immediateBytes} bytes; at most 64 are portable`);
  // Also proves that each constant has exactly one line.
  specialise(label, shader.code, Object.fromEntries((declaration.constants ?? []).map((name) => [name, 1])));
  return { ...shader, immediateView: new DataView(new ArrayBuffer(shader.immediateBytes)) };
}

function packSizes(shader: LoadedShader, sizes: Readonly<Record<string, number>>): ArrayBuffer {
  const view = shader.immediateView;
  for (const { name, type, offset } of shader.immediates) {
    const value = sizes[name] as number;
    if (type === "f32") view.setFloat32(offset, value, true);
    else if (type === "i32") view.setInt32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return view.buffer;
}
