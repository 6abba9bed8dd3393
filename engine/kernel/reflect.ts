import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";
import type { ReflectedShader } from "./wgsl.ts";

/** A compute shader's declarations, from wgsl_reflect. Throws unless it has exactly one entry point. */
export function reflect(label: string, code: string): ReflectedShader {
  const shader = parse(label, code);
  const entry = shader.entry.compute[0];
  if (!entry || shader.entry.compute.length !== 1)
    throw new Error(`${label}.wgsl: expected one compute entry point, got ${shader.entry.compute.length}`);
  const struct = shader.immediates[0]?.type;
  return {
    bindings: shader.storage.map((variable) => ({
      name: variable.name,
      access: variable.access,
      binding: variable.binding,
      scalar: scalarOf(variable.type),
      ...aliasOf(code, variable.name),
    })),
    immediates: (struct?.members ?? []).map(({ name, offset, type }) => ({ name, offset, type: type.name })),
    immediateBytes: struct?.size ?? 0,
    entryPoint: entry.name,
  };
}

/** wgsl_reflect cannot parse subgroup matrices. Replacing them with numbers and plain calls does not affect the declarations. */
const withoutMatrices = (code: string): string =>
  code
    .replaceAll(/^(enable chromium_experimental_subgroup_matrix|diagnostic\(.*\));/gm, "")
    .replaceAll(/subgroup_matrix_(left|right|result)<[^>]*>/g, "f32")
    .replaceAll(/\b(subgroupMatrix\w+)<[^>]*>\(/g, "$1(");

function parse(label: string, code: string): WgslReflect {
  try {
    return new WgslReflect(withoutMatrices(code));
  } catch (error) {
    throw new Error(`${label}.wgsl: wgsl_reflect cannot parse it: ${(error as Error).message}`, { cause: error });
  }
}

interface TypeInfo {
  name: string;
  format?: TypeInfo | null;
}

/** The scalar at the bottom of array<vec4<f32>>, array<vec4f>, atomic<u32>, … */
function scalarOf(type: TypeInfo): string {
  if (type.format) return scalarOf(type.format);
  const suffix = /^vec[234]([fiu])$/.exec(type.name)?.[1];
  return suffix ? { f: "f32", i: "i32", u: "u32" }[suffix as "f" | "i" | "u"] : type.name;
}

/** The type alias of a binding's elements, which wgsl_reflect has already resolved. */
function aliasOf(code: string, variable: string): { alias?: string } {
  const element = new RegExp(`\\b${variable}: array<(?:vec[234]<)?(\\w+)`).exec(code)?.[1];
  return element !== undefined && code.includes(`\nalias ${element} = f32;`) ? { alias: element } : {};
}
