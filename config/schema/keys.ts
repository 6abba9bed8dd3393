import * as z from "zod";
import { kindsOf, type KindOption } from "./by_kind.ts";

/** The schema without its wrappers: default, nullable, optional. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional
  ) {
    return bare(schema.def.innerType);
  }
  return schema;
}

/** The sections a schema stands for: one per kind, a single one if it has no kinds, none for a plain value. */
function options(schema: z.core.$ZodType): z.ZodObject[] {
  const at = bare(schema);
  if (at instanceof z.ZodDiscriminatedUnion) return at.options as unknown as z.ZodObject[];
  return at instanceof z.ZodObject ? [at] : [];
}

/** The section at a path, which may be a list item; null if the path holds a plain value or nothing. A section with kinds gets the keys of all of them. */
export function sectionAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.ZodObject | null {
  let at = bare(schema);
  for (const key of path) {
    const field =
      at instanceof z.ZodArray
        ? at.element
        : options(at)
            .map(({ shape }) => shape[String(key)])
            .find((found) => found !== undefined);
    if (field === undefined) return null;
    at = bare(field);
  }
  const [first, ...others] = options(at);
  return first === undefined || others.length === 0
    ? (first ?? null)
    : z.object(Object.assign({}, ...others.map(({ shape }) => shape), first.shape) as z.ZodRawShape);
}

/** A config key and its documentation. */
export interface KeyDescription {
  path: string[];
  description: string;
  /** The default as YAML; null if there is none. */
  default: string | null;
  section: boolean;
  /** The words that the value may be; empty if it is not an enumeration. */
  choices: string[];
  /** In a section with kinds, those that have this key; empty otherwise. */
  kinds: string[];
}

/** Every key in schema order, sections before the keys in them; a section with kinds lists its keys once per kind. */
export function describeKeys(schema: z.core.$ZodType, path: string[] = []): KeyDescription[] {
  const all = options(schema);
  return all.flatMap((object) =>
    describeSection(object, path, all.length > 1 ? kindsOf([object as unknown as KindOption]) : []),
  );
}

const describeSection = ({ shape }: z.ZodObject, path: string[], kinds: string[]): KeyDescription[] =>
  Object.entries(shape).flatMap(([key, field]): KeyDescription[] => {
    const section = options(field).length > 0;
    const parsed = section ? undefined : z.safeParse(field, undefined).data;
    const kind = bare(field);
    const here = {
      path: [...path, key],
      description: (field as z.ZodType).description ?? "",
      default: parsed === undefined ? null : JSON.stringify(parsed),
      section,
      choices: kind instanceof z.ZodEnum ? kind.options.map(String) : [],
      kinds,
    };
    return section ? [here, ...describeKeys(field, here.path)] : [here];
  });

/** The paths of all keys. */
export function keyPaths(schema: z.core.$ZodType): string[][] {
  return describeKeys(schema).map(({ path }) => path);
}

/** The kinds that a key belongs to, in a section with kinds; empty otherwise. */
export function kindsWith(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  return describeKeys(schema)
    .filter((key) => key.path.join(".") === path.join("."))
    .flatMap(({ kinds }) => kinds);
}
