export interface ReflectedBinding {
  readonly name: string;
  readonly access: string;
  readonly binding: number;
  /** Scalar type of the array's elements: f32, i32, u32. */
  readonly scalar: string;
  /** The file's alias for that type, if any: the binding then takes f16 tensors as well as f32. */
  readonly alias?: string;
}

export interface ReflectedField {
  readonly name: string;
  readonly type: string;
  readonly offset: number;
}

/** A compute shader's declarations. */
export interface ReflectedShader {
  readonly bindings: readonly ReflectedBinding[];
  readonly immediates: readonly ReflectedField[];
  readonly immediateBytes: number;
  readonly entryPoint: string;
}

/** A shader with its includes expanded, as the host provides it. */
export interface ShaderSource extends ReflectedShader {
  readonly code: string;
}

/**
 * Rewrites `alias x_type = f32;` to f16 for the given aliases, so that one file serves tensors of both types. Arithmetic stays in
 * f32, because the file converts on load and store. Exactly one line per alias must match.
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

/** The same shader with its sizes in a uniform buffer, for WGSL without immediates. */
export const withUniformSizes = (code: string): string =>
  code.replace("var<immediate>", "@group(1) @binding(0) var<uniform>");

/**
 * Rewrites `const NAME: u32 = 1u;` to another value. WGSL's `override` works for workgroup arrays, but not for the sizes of
 * register tiles and private arrays. The unmodified file is valid WGSL; exactly one line must match.
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
