import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { importCorpus, type ImportOptions } from "../../../data/import/import_corpus.ts";
import { silentObserver } from "../../../train/run/run_observer.ts";

/** See `newFolders`. */
export let folder: string;

/** Gives each test of a file a new folder. */
export function newFolders(): void {
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-import-"))));
  afterEach(() => rmSync(folder, { recursive: true }));
}

/** Files by name; audio that is only looked for, not read, may be empty. */
export function put(files: Record<string, string | Uint8Array | readonly string[]>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(
      join(folder, name),
      Array.isArray(content) ? `${content.join("\n")}\n` : (content as string | Uint8Array),
    );
  }
}

export const run = (kind: string, corpus: string, options: Partial<ImportOptions> = {}) =>
  importCorpus(kind, join(folder, corpus), {
    out: join(folder, "out.jsonl"),
    durations: false,
    force: false,
    lowercase: false,
    punctuation: true,
    observer: silentObserver,
    ...options,
  });

export const written = (): unknown[] =>
  readFileSync(join(folder, "out.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The message, in which the test's folder is called @. Nothing may have been written. */
export async function refusal(kind: string, corpus: string, options: Partial<ImportOptions> = {}): Promise<string> {
  const error = await run(kind, corpus, options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  expect(readdirSync(folder).filter((name) => name.startsWith("out.jsonl"))).toEqual([]);
  return (error as Error).message.replaceAll(`${folder}/`, "@");
}
