import { WgslReflect } from "wgsl_reflect/wgsl_reflect.module.js";

export interface ReflectedBinding {
  readonly name: string;
  readonly access: string;
  readonly binding: number;
  /** Scalar type of the array's elements: f32, i32, u32. */
  readonly scalar: string;
  /** The alias by which the file names that type, if it does: the binding then takes tensors of f16 as well as f32. */
  readonly alias?: string;
}

export interface ReflectedField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
}

export interface ReflectedShader {
  readonly bindings: readonly ReflectedBinding[];
  readonly immediates: readonly ReflectedField[];
  readonly immediateBytes: number;
  readonly entryPoint: string;
}

/** What a compute shader declares, by wgsl_reflect. Throws when it has not exactly one entry point. */
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

/** wgsl_reflect does not know subgroup matrices; numbers and plain calls in their place change nothing that it is asked for. */
const withoutMatrices = (code: string): string =>
  code
    .replaceAll(/^(enable chromium_experimental_subgroup_matrix|diagnostic\(.*\));/gm, "")
    .replaceAll(/subgroup_matrix_(left|right|result)<[^>]*>/g, "f32")
    .replaceAll(/\b(subgroupMatrix\w+)<[^>]*>\(/g, "$1(");

function parse(label: string, code: string): WgslReflect {
  try {
    return new WgslReflect(withoutMatrices(code));
  } catch (error) {
    throw new Error(`${label}.wgsl: wgsl_reflect cannot read it: ${(error as Error).message}`, { cause: error });
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

/** The alias that a binding's elements are declared with, which wgsl_reflect has already replaced. */
function aliasOf(code: string, variable: string): { alias?: string } {
  const element = new RegExp(`\\b${variable}: array<(?:vec[234]<)?(\\w+)`).exec(code)?.[1];
  return element !== undefined && code.includes(`\nalias ${element} = f32;`) ? { alias: element } : {};
}

/**
 * Rewrites `alias x_type = f32;` to f16 for the aliases given, so that one file serves tensors of both types. Arithmetic
 * stays in f32, because the file converts what it loads and stores. Exactly one line an alias must match.
 */
export function withHalves(label: string, code: string, aliases: readonly string[]): string {
  if (aliases.length === 0) return code;
  let result = code;
  for (const alias of aliases) {
    const line = `alias ${alias} = f32;`;
    if (code.split(line).length !== 2) throw new Error(`${label}.wgsl: expected one line '${line}'`);
    result = result.replace(line, `alias ${alias} = f16;`);
  }
  return /^enable f16;/m.test(result) ? result : `enable f16;\n${result}`;
}

/**
 * Rewrites `const NAME: u32 = 1u;` to another value. WGSL's `override` would do for workgroup arrays, but not for the
 * sizes of register tiles and private arrays. The file stays valid WGSL as it stands; exactly one line must match.
 */
export function specialise(label: string, code: string, constants: Readonly<Record<string, number | boolean>>): string {
  let result = code;
  for (const [name, value] of Object.entries(constants)) {
    const line = new RegExp(`^const ${name}: (u32|i32|f32|bool) = [^;]*;`, "gm");
    const found = [...result.matchAll(line)];
    if (found.length !== 1)
      throw new Error(`${label}.wgsl: expected one line 'const ${name}: <type> = …;', got ${found.length}`);
    const type = (found[0] as RegExpMatchArray)[1] as string;
    result = result.replace(line, `const ${name}: ${type} = ${literal(type, value)};`);
  }
  return result;
}

function literal(type: string, value: number | boolean): string {
  if (type === "bool") return value ? "true" : "false";
  if (type === "f32") return /[.e]/.test(String(value)) ? `${String(value)}f` : `${String(value)}.0`;
  return type === "u32" ? `${String(Number(value))}u` : `${String(Number(value))}i`;
}
