import { existsSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import { inputName } from "../files/input.ts";
import { utteranceOf } from "./field_names.ts";
import type { ImportedUtterance } from "./imported.ts";
import { linesOf, readText } from "./text_file.ts";

/** The object on one line, and its location. */
export interface JsonRow {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly source: string;
}

/**
 * Imports a manifest of NeMo, WeNet or another program: JSON Lines with any of the usual field names. Relative paths
 * start at the file's folder, or else at the working directory.
 */
export async function importJsonLines(file: string): Promise<ImportedUtterance[]> {
  const locate = (name: string): string => {
    const beside = path.resolve(path.dirname(file), name);
    return [beside, path.resolve(name)].find((candidate) => existsSync(candidate)) ?? beside;
  };
  return (await readJsonLines(file)).map(({ fields, source }) => utteranceOf(fields, source, locate));
}

/** @throws UserError if the file cannot be read or has no lines, or naming a line that is not a JSON object */
export async function readJsonLines(file: string): Promise<JsonRow[]> {
  const name = inputName(file);
  const lines = linesOf(await readText(file, "the file"));
  if (lines.length === 0) throw new UserError(`${name} has no lines`);
  return lines.map(({ text, number }) => {
    const source = `${name}, line ${number}`;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new UserError(`${source}: not JSON: ${(error as Error).message}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new UserError(`${source}: expected a JSON object, got '${text.slice(0, 40)}'`);
    return { fields: value as Record<string, unknown>, source };
  });
}
