import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";

/** Lines are appended whole, so that two runs may write at once; the last line for a path wins. */
const FILE = "contents.jsonl";
/** New entries are written in groups, since a start may add a hundred thousand. */
const GROUP = 256;

/**
 * Maps a file's path, size and modification time to a hash of its content, so that a start need not read gigabytes of
 * audio only to see that nothing has changed. Stored in the cache folder as JSON lines
 * `[path, size, mtime in ms, hash]`.
 */
export class ContentIndex {
  readonly #folder: string;
  readonly #known = new Map<string, string>();
  #unwritten: string[] = [];

  /** Reads the folder's index, ignoring damaged lines. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const line of readLines(join(folder, FILE))) {
      const [path, size, changed, hash] = parse(line);
      if (typeof hash === "string") this.#known.set(`${String(path)}\0${String(size)}\0${String(changed)}`, hash);
    }
  }

  /** The file's current state, as a key for `get` and `add`; null if it does not exist. */
  async keyOf(path: string): Promise<string | null> {
    const absolute = resolve(path);
    return stat(absolute).then(
      ({ size, mtimeMs }) => `${absolute}\0${size}\0${mtimeMs}`,
      () => null,
    );
  }

  get(key: string): string | undefined {
    return this.#known.get(key);
  }

  add(key: string, hash: string): void {
    if (this.#known.get(key) === hash) return;
    this.#known.set(key, hash);
    const [path, size, changed] = key.split("\0");
    this.#unwritten.push(`${JSON.stringify([path, Number(size), Number(changed), hash])}\n`);
    if (this.#unwritten.length >= GROUP) this.flush();
  }

  /** Appends the new entries. An index that cannot be written only costs time. */
  flush(): void {
    const lines = this.#unwritten.splice(0);
    if (lines.length === 0) return;
    try {
      mkdirSync(this.#folder, { recursive: true });
      appendFileSync(join(this.#folder, FILE), lines.join(""));
    } catch {
      /* a full disk is reported when features cannot be written */
    }
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

function parse(line: string): unknown[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
