import type { ReflectedBinding, ReflectedField } from "./wgsl.ts";

const BINDING = /@binding\(\d+\)\s*var<storage,\s*(\w+)>\s*(\w+):\s*array<(?:vec[234]<|atomic<)?(\w+)/gu;

/**
 * What a compute shader declares, found by its words alone: bindings numbered in their order, and a struct of immediates of 4 bytes each.
 * Files written that way need no parser; scripts/bundled_shaders.mjs checks that all are.
 */
export function declarationsIn(code: string): { bindings: ReflectedBinding[]; immediates: ReflectedField[] } {
  const struct = /var<immediate>\s*\w+:\s*(\w+);/u.exec(code)?.[1];
  const fields =
    struct === undefined ? undefined : new RegExp(`struct ${struct}\\s*\\{([^}]*)\\}`, "u").exec(code)?.[1];
  return {
    bindings: [...code.matchAll(BINDING)].map(([, access, name, element], binding) => ({
      name: name as string,
      access: access as string,
      binding,
      ...elementType(code, element as string),
    })),
    immediates: [...(fields ?? "").matchAll(/(\w+):\s*(\w+)/gu)].map(([, name, type], i) => ({
      name: name as string,
      type: type as string,
      offset: WORD * i,
    })),
  };
}

/** Bytes of each immediate. */
export const WORD = 4;

/** vec4f is of f32, and so is a type with a line `alias x_type = f32;`. */
function elementType(code: string, element: string): { scalar: string; alias?: string } {
  if (code.includes(`alias ${element} = f32;`)) return { scalar: "f32", alias: element };
  const letter = /^vec[234]([fiu])$/u.exec(element)?.[1];
  return { scalar: letter === undefined ? element : `${letter}32` };
}
