import { z } from "zod";

/** The schema without what may stand round it: a default, `null`, "may be left out". */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) {
    return bare(schema.def.innerType);
  }
  return schema;
}

/** The section of keys at a path, also as an item of a list, or null if there is a single value, or nothing. */
export function sectionAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.ZodObject | null {
  let at = bare(schema);
  for (const key of path) {
    const field = at instanceof z.ZodObject ? at.shape[String(key)] : at instanceof z.ZodArray ? at.element : undefined;
    if (field === undefined) return null;
    at = bare(field);
  }
  return at instanceof z.ZodObject ? at : null;
}

/** A key of the config and what is known of it. */
export interface KeyDescription {
  path: string[];
  description: string;
  /** The default as YAML, or null where there is none. */
  default: string | null;
  section: boolean;
  /** The words of which the value is one, or none if it is of another kind. */
  choices: string[];
}

/** Every key, sections before the keys in them, in the order of the schema. */
export function describeKeys(schema: z.core.$ZodType, path: string[] = []): KeyDescription[] {
  const object = sectionAt(schema, []);
  return Object.entries(object?.shape ?? {}).flatMap(([key, field]): KeyDescription[] => {
    const section = sectionAt(field, []) !== null;
    const parsed = section ? undefined : z.safeParse(field, undefined).data;
    const kind = bare(field);
    const here = {
      path: [...path, key],
      description: (field as z.ZodType).description ?? "",
      default: parsed === undefined ? null : JSON.stringify(parsed),
      section,
      choices: kind instanceof z.ZodEnum ? kind.options.map(String) : [],
    };
    return section ? [here, ...describeKeys(field, here.path)] : [here];
  });
}

/** The paths of all keys. */
export function keyPaths(schema: z.core.$ZodType): string[][] {
  return describeKeys(schema).map(({ path }) => path);
}
