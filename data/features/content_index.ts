import { appendFileSync, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { makeFolders } from "../../engine/node/make_folders.ts";

/** Lines are appended whole, so that two runs may write at once; the last line for a path wins. */
const FILE = "contents.jsonl";
/** New entries are written in groups, since a start may add a hundred thousand. */
const GROUP = 256;

/** Of a key. */
const FIELDS = 5;

/**
 * Maps a file's path, size, times and inode to a hash of its content, so that a start need not read gigabytes of audio
 * only to see that nothing has changed. A file that another one of the same size and modification time replaced, as
 * `cp -p`, `rsync -t` and `tar` do, has another inode or another time of status change. Stored in the cache folder as
 * JSON lines `[path, size, mtime in ms, inode, ctime in ms, hash]`.
 */
export class ContentIndex {
  readonly #folder: string;
  readonly #known = new Map<string, string>();
  #unwritten: string[] = [];

  /** Reads the folder's index, ignoring damaged lines. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const line of readLines(join(folder, FILE))) {
      const fields = parse(line);
      const hash = fields.pop();
      if (fields.length === FIELDS && typeof hash === "string") this.#known.set(fields.map(String).join("\0"), hash);
    }
  }

  /** The file's current state, as a key for `get` and `add`; null if it does not exist. */
  async keyOf(path: string): Promise<string | null> {
    const absolute = resolve(path);
    return stat(absolute).then(
      ({ size, mtimeMs, ino, ctimeMs }) => [absolute, size, mtimeMs, ino, ctimeMs].join("\0"),
      () => null,
    );
  }

  get(key: string): string | undefined {
    return this.#known.get(key);
  }

  add(key: string, hash: string): void {
    if (this.#known.get(key) === hash) return;
    this.#known.set(key, hash);
    const [path, ...numbers] = key.split("\0");
    this.#unwritten.push(`${JSON.stringify([path, ...numbers.map(Number), hash])}\n`);
    if (this.#unwritten.length >= GROUP) this.flush();
  }

  /** Appends the new entries. An index that cannot be written only costs time. */
  flush(): void {
    const lines = this.#unwritten.splice(0);
    if (lines.length === 0) return;
    try {
      makeFolders(this.#folder);
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
