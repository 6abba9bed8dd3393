import { closest } from "fastest-levenshtein";
import * as z from "zod";
import { describeKeys, keyPaths, kindsWith, sectionAt } from "../schema/keys.ts";

/** One error in a config. `message` continues from the path (`is 3, which does not ...`) or begins with `expected`. */
export interface Fault {
  path: PropertyKey[];
  message: string;
}

/** Turns zod's issues into faults: what was expected, what was given, and for an unknown key the nearest valid one. */
export function schemaFaults(issues: readonly z.core.$ZodIssue[], value: unknown, schema: z.ZodType): Fault[] {
  return issues.flatMap((issue): Fault[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        message: unknownKey(key, issue.path, value, schema),
      }));
    }
    const actual = valueAt(value, issue.path);
    const expected = sectionAt(schema, issue.path) ? "expected a section of keys and values" : issue.message;
    return [
      {
        path: issue.path,
        message: actual === undefined ? `is missing, ${expected}` : `${expected}, got ${show(actual)}`,
      },
    ];
  });
}

function unknownKey(key: string, section: readonly PropertyKey[], value: unknown, schema: z.ZodType): string {
  const kinds = kindsWith(schema, [...section, key]);
  if (kinds.length === 0) return `is not a key; the nearest valid one is ${nearestKey(key, section, schema)}`;
  const actual = valueAt(value, [...section, "kind"]) ?? defaultOf(schema, [...section, "kind"]);
  return `belongs to kind ${kinds.join(" or ")}, but ${[...section, "kind"].join(".")} is ${String(actual)}`;
}

/** The default value of a key. */
const defaultOf = (schema: z.ZodType, path: readonly PropertyKey[]): unknown =>
  JSON.parse(
    describeKeys(schema).find((key) => key.path.join(".") === path.join(".") && key.default !== null)?.default ??
      "null",
  );

/** The full path of the same key at the top level or in another section, or else of the most similar key in this section. */
export function nearestKey(key: string, section: readonly PropertyKey[], schema: z.ZodType): string {
  const elsewhere = keyPaths(schema)
    .filter((path) => path.at(-1) === key)
    .sort((a, b) => a.length - b.length)[0];
  if (elsewhere) return elsewhere.length > 1 ? elsewhere.join(".") : `${key} at the top level`;
  return [...section, closest(key, Object.keys(sectionAt(schema, section)?.shape ?? {}))].join(".");
}

/** A value shortened to fit into a sentence. */
export function show(value: unknown): string {
  if (typeof value === "number") return String(value);
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at: unknown = value;
  for (const key of path)
    at = typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
}

/** Gives a key's location for messages. */
export type SourceOf = (path: readonly PropertyKey[]) => string;

/** A fault as a sentence that begins with its location. */
export function faultSentence({ path: at, message }: Fault, sourceOf: SourceOf): string {
  const name = at
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`))
    .join("");
  return `${sourceOf(at)}: ${name === "" ? "the config" : name}${message.startsWith("expected") ? ":" : ""} ${message}.`;
}
