import * as z from "zod";
import { kindsOf, type KindOption } from "./by_kind.ts";

/** The schema without what may stand round it: a default, `null`, "may be left out". */
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

/** The sections that a schema is one of: one for each kind, a single one where there are no kinds, none of a value. */
function options(schema: z.core.$ZodType): z.ZodObject[] {
  const at = bare(schema);
  if (at instanceof z.ZodDiscriminatedUnion) return at.options as unknown as z.ZodObject[];
  return at instanceof z.ZodObject ? [at] : [];
}

/** The section of keys at a path, also as an item of a list, or null if there is a single value, or nothing. Where it has kinds: the keys of all of them. */
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

/** A key of the config and what is known of it. */
export interface KeyDescription {
  path: string[];
  description: string;
  /** The default as YAML, or null where there is none. */
  default: string | null;
  section: boolean;
  /** The words of which the value is one, or none if it is of another kind. */
  choices: string[];
  /** Where the section has kinds: those that have this key; none otherwise. */
  kinds: string[];
}

/** Every key, sections before the keys in them, in the order of the schema; those of a section with kinds once for each kind. */
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

/** The kinds that a key at a path belongs to, of a section that has kinds; none otherwise. */
export function kindsWith(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  return describeKeys(schema)
    .filter((key) => key.path.join(".") === path.join("."))
    .flatMap(({ kinds }) => kinds);
}
