import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from "yaml";
import { UserError } from "../engine/errors.ts";

/** A YAML file as plain values, which remembers on which line each key stands. */
export interface YamlSource {
  value: unknown;
  /** The line, counted from 1, of the key at a path, or of the last key on the way that is there; null for the whole file. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

/**
 * @param name the file, for messages
 * @throws UserError naming file and line of the first thing that is not YAML
 */
export function parseYaml(content: string, name: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error)
    throw new UserError(
      `${name}, line ${lines.linePos(error.pos[0]).line}: not YAML: ${error.message.replace(/\.?$/u, ".")}`,
    );
  return {
    value: document.toJS(),
    lineOf: (path) => {
      const offset = offsetOf(document, path);
      return offset === null ? null : lines.linePos(offset).line;
    },
  };
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number | null {
  let at: unknown = document.contents;
  let offset: number | null = null;
  for (const key of path) {
    let next: unknown = undefined;
    if (isMap(at)) {
      const pair = at.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
      offset = (pair?.key as Node | undefined)?.range?.[0] ?? offset;
      next = pair?.value;
    } else if (isSeq(at)) {
      next = at.items[Number(key)];
      offset = (next as Node | undefined)?.range?.[0] ?? offset;
    }
    at = next;
  }
  return offset;
}
