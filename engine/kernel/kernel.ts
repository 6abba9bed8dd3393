import type { Device } from "../device.ts";
import { readShader } from "../host/node.ts";
import type { Tensor } from "../tensor.ts";
import { specialise, type ShaderSource } from "./wgsl.ts";

export type Access = "read" | "read_write";
export type SizeType = "u32" | "i32" | "f32";
export type Workgroups = readonly [number, number?, number?];

/** The TypeScript declaration of a `.wgsl` file. Loading checks it against the file and throws on any difference. */
export interface KernelDeclaration<B extends string, S extends string, C extends string> {
  /** `new URL("./forward.wgsl", import.meta.url)` */
  readonly file: URL;
  /** Each `var<storage>`, by its WGSL name and access. */
  readonly bindings: Readonly<Record<B, Access>>;
  /** The fields of `var<immediate>`, in order: numbers that change with every batch. At most 64 bytes. */
  readonly sizes?: Readonly<Record<S, SizeType>>;
  /** `const NAME: u32 = …;` lines to rewrite: numbers fixed by a model's config. One pipeline is compiled per combination. */
  readonly constants?: readonly C[];
  /** The dispatch size. A kernel with a grid-stride loop may launch just enough workgroups to fill the device. */
  readonly workgroups: (
    sizes: Readonly<Record<S, number>>,
    constants: Readonly<Record<C, number | boolean>>,
    device: Pick<Device, "isSoftware">,
  ) => Workgroups;
  /** Multiply-adds of a compute-bound dispatch, used to split submissions. Default: proportional to the bound elements. */
  readonly work?: (sizes: Readonly<Record<NoInfer<S>, number>>) => number;
}

export interface Kernel<B extends string, S extends string, C extends string> {
  readonly label: string;
  readonly declaration: KernelDeclaration<B, S, C>;
  /** Encodes one dispatch, without submitting or waiting. */
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
  /** For `var<immediate>`, reused by each dispatch, since Dawn copies it immediately. */
  readonly immediateView: DataView<ArrayBuffer>;
}

/** Every defined kernel, for tests that check them all. */
export const definedKernels: Kernel<never, never, never>[] = [];

/**
 * Declares a compute shader. The file is read, reflected and checked at first use; one pipeline is compiled per device and
 * combination of constants.
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
      if (Math.max(x, y, z) > 65535)
        throw new Error(`${label}: ${x} x ${y} x ${z} workgroups, expected at most 65535 per axis`);
      const shader = kernel.load();
      const pipeline = device.pipelines.get(label, shader, declaration.constants ?? [], constants, bindings);
      const group = device.pipelines.bind(label, pipeline, shader.bindings, bindings);
      const immediates = shader.immediateBytes === 0 ? undefined : packSizes(shader, sizes);
      device.traffic?.add(label, Object.values(bindings));
      const work = declaration.work?.(sizes) ?? MULTIPLY_ADDS_PER_ELEMENT * elementsOf(bindings);
      device.recorder.dispatch(label, pipeline.pipeline, group, immediates, [x, y, z], work);
    },
  };
  definedKernels.push(kernel as unknown as Kernel<never, never, never>);
  return kernel;
}

/** How many a GPU does in the time it moves one element: small ones reach about 200 GFLOP/s and 25 GB/s. */
const MULTIPLY_ADDS_PER_ELEMENT = 16;

function elementsOf(bindings: Readonly<Record<string, Tensor>>): number {
  let elements = 0;
  for (const name in bindings) elements += (bindings[name] as Tensor).size;
  return elements;
}

/** Workgroups for `threads` threads, folded into two axes if they exceed the limit of one. */
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
    if (!declared[name]) fail(`binding '${name}' is ${access}, but is not declared`);
    if (declared[name] !== access) fail(`binding '${name}' is ${access}, but declared as ${declared[name]}`);
  }
  for (const name of Object.keys(declared))
    if (!shader.bindings.some((binding) => binding.name === name))
      fail(`declared binding '${name}' is not in the shader`);
  const sizes = Object.entries((declaration.sizes ?? {}) as Record<string, SizeType>).map(
    ([name, type]) => `${name}: ${type}`,
  );
  const fields = shader.immediates.map(({ name, type }) => `${name}: ${type}`);
  if (sizes.join(", ") !== fields.join(", "))
    fail(`var<immediate> has (${fields.join(", ")}), but is declared as (${sizes.join(", ")})`);
  if (shader.immediateBytes > 64) fail(`var<immediate> has ${shader.immediateBytes} bytes; at most 64 are portable`);
  // Checks that each constant has exactly one line.
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
