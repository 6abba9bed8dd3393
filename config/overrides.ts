import { parse } from "yaml";
import { UserError } from "../engine/errors.ts";

/** One `--set key.sub=value`. */
export interface Override {
  path: string[];
  value: unknown;
  /** As written. */
  text: string;
}

/**
 * Parses `optimizer.learning_rate=2e-3`. The value is YAML, so `unfold.depths=[2, 4]` and `spec_augment=null` work too.
 *
 * @throws UserError if there is no `=` or no key, or the value is not YAML
 */
export function parseOverride(text: string): Override {
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(0, equals)).trim().split(".");
  if (equals < 0 || path.includes(""))
    throw new UserError(`--set ${text}: expected key=value, such as optimizer.learning_rate=2e-3.`);
  try {
    return { path, value: parse(text.slice(equals + 1)) as unknown, text };
  } catch (error) {
    throw new UserError(`--set ${text}: the value is not YAML: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** A copy of a config's values with one of them replaced; missing sections on the path are created. */
export function applyOverride(
  config: unknown,
  { path: [key, ...rest], value }: Pick<Override, "path" | "value">,
): unknown {
  if (key === undefined) return value;
  const section =
    typeof config === "object" && config !== null && !Array.isArray(config) ? (config as Record<string, unknown>) : {};
  return { ...section, [key]: applyOverride(section[key], { path: rest, value }) };
}
