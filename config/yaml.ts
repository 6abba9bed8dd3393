import { Document, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Node } from "yaml";
import { UserError } from "../engine/errors.ts";
import { plainConfig, type TrainConfig } from "./plain.ts";

/** A YAML file as plain values, with the line of each key. */
export interface YamlSource {
  value: unknown;
  /** The line, counted from 1, of the key at a path, or of its last existing ancestor; null for the whole file. */
  lineOf(path: readonly PropertyKey[]): number | null;
}

/**
 * @param name the file's name, for messages
 * @throws UserError naming the file and line of the first syntax error
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

/** A config as YAML for a reader: lists on one line, files relative to the data folder, which is left out. */
export function configToYaml(config: TrainConfig): string {
  const { folder, train, dev, test, ...data } = config.data;
  const within = (file: string) => relativePath(folder, file);
  const tests = test.map(({ name, manifest }) => ({ name, manifest: within(manifest) }));
  const cmvn = data.cmvn === null ? null : within(data.cmvn);
  const tokenizer = config.units.tokenizer === null ? null : within(config.units.tokenizer);
  const vocabulary = config.units.vocabulary === null ? null : within(config.units.vocabulary);
  const init = config.init === null ? null : within(config.init);
  const lm = config.eval.lm && { ...config.eval.lm, arpa: within(config.eval.lm.arpa) };
  const augment = config.augment && {
    ...config.augment,
    noise: config.augment.noise && { ...config.augment.noise, manifest: within(config.augment.noise.manifest) },
  };
  const shown = plainConfig({
    ...config,
    init,
    augment,
    units: { ...config.units, tokenizer, vocabulary },
    eval: { ...config.eval, lm },
    data: { ...data, cmvn, folder: "", train: within(train), dev: within(dev), test: tests },
  });
  delete (shown["data"] as { folder?: string }).folder;
  const document = new Document(shown);
  visit(document, { Seq: (_, list) => void (list.flow = true) });
  return document.toString({ flowCollectionPadding: false });
}

/** The relative path from a folder to a file, both absolute, with forward slashes. */
function relativePath(folder: string, file: string): string {
  const [from, to] = [folder, file].map((path) => path.split(/[\\/]/u).filter((name) => name !== "")) as [
    string[],
    string[],
  ];
  const parts = from.findIndex((name, i) => name !== to[i]);
  const shared = parts < 0 ? from.length : parts;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}
