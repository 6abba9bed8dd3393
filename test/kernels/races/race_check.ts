import { detectRaces } from "wgsl_reflect/wgsl_reflect.module.js";
import { specialise } from "../../../engine/kernel/wgsl.ts";
import { reflect } from "../../../engine/kernel/reflect.ts";
import { Race } from "./race_tracker.ts";

export interface RaceCase {
  readonly sizes?: Readonly<Record<string, number>>;
  readonly constants?: Readonly<Record<string, number | boolean>>;
  /** By binding: contents, or the number of elements of a buffer of zeros. */
  readonly buffers: Readonly<Record<string, readonly number[] | number>>;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Runs a shader thread by thread on the CPU and says what the first two threads of a workgroup do to one place without a
 * barrier between them, whether all threads meet at the same barriers, and whether one reads or writes beyond a buffer. Races between
 * workgroups are not seen.
 */
export function findRaces(
  label: string,
  code: string,
  { sizes = {}, constants = {}, buffers, workgroups }: RaceCase,
): string[] {
  const { bindings, immediates, immediateBytes, entryPoint } = reflect(label, code);
  const view = new DataView(new ArrayBuffer(Math.max(16, immediateBytes)));
  for (const { name, type, offset } of immediates) {
    const value = sizes[name];
    if (value === undefined) throw new Error(`${label}: the case gives no size '${name}'`);
    if (type === "f32") view.setFloat32(offset, value, true);
    else view.setInt32(offset, value, true);
  }
  const storage = bindings.map(({ name, binding, scalar }): [number, ArrayBuffer] => {
    const contents = buffers[name];
    if (contents === undefined) throw new Error(`${label}: the case gives no buffer '${name}'`);
    const data = typeof contents === "number" ? new Array<number>(contents).fill(0) : contents;
    return [binding, (scalar === "f32" ? Float32Array : Int32Array).from(data).buffer as ArrayBuffer];
  });
  // The interpreter knows no immediates; to the shader a uniform is the same.
  const known = withSubgroupsOfOne(specialise(label, code, constants)).replace(
    "var<immediate> sizes",
    "@group(1) @binding(0) var<uniform> sizes",
  );
  try {
    const { errors } = detectRaces(known, entryPoint, [...workgroups], {
      0: Object.fromEntries(storage),
      1: { 0: { uniform: view.buffer } },
    });
    return errors;
  } catch (error) {
    if (error instanceof Race) return [error.message];
    if (error instanceof RangeError) return [`a thread reads or writes beyond a buffer: ${error.message}`];
    throw error;
  }
}

/**
 * The interpreter runs threads one by one, and so knows no subgroups. A shader for subgroups of any width is here one for
 * subgroups of one thread: their sum or maximum is the thread's own value. Shaders for a fixed width make no sense so.
 */
export function withSubgroupsOfOne(code: string): string {
  if (!code.includes("subgroup_size")) return code;
  const builtin = (name: string): RegExp => new RegExp(`@builtin\\(${name}\\) (\\w+): u32,?`);
  const nameOf = (name: string): string | undefined => builtin(name).exec(code)?.[1];
  const threads = /@workgroup_size\((\d+)/.exec(code)?.[1];
  const own = Object.entries({
    num_subgroups: `${threads}u`,
    subgroup_invocation_id: "0u",
    subgroup_size: "1u",
  }).flatMap(([name, value]) => (nameOf(name) ? [`let ${nameOf(name)!} = ${value};`] : []));
  return Object.keys({ num_subgroups: 0, subgroup_invocation_id: 0, subgroup_size: 0 })
    .reduce((rest, name) => rest.replace(builtin(name), ""), code)
    .replace("@builtin(subgroup_id)", "@builtin(local_invocation_index)")
    .replace(/^(enable subgroups|requires subgroup_id);/gm, "")
    .replace(/subgroup(Add|Max|Min|BroadcastFirst)\(/g, "(")
    .replace(/(fn main\([^{]*\{)/, `$1 ${own.join(" ")}`);
}
