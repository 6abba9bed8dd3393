import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/u, "");

/** Where generated pages go; not in the repository. */
export const GENERATED = "docs/reference/generated";

/** Pages by their paths from the repository's folder. */
export type Pages = Readonly<Record<string, string>>;

/** A code block. */
export interface Fence {
  /** The words after the opening backticks: language, then marks. */
  readonly info: readonly string[];
  readonly body: string;
  /** Offset of the body in the page. */
  readonly at: number;
}

/** The handwritten pages: of the repository's folder, of docs/, of the examples and benchmarks. Generated ones and copies are left out. */
export function documents(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const hidden = entry.name.startsWith(".") || entry.name === "node_modules";
      if (path === GENERATED || path === "docs/examples" || (hidden && entry.isDirectory())) return [];
      if (entry.isDirectory()) return folder === "" && !["docs", "examples", "bench"].includes(path) ? [] : below(path);
      return entry.name.endsWith(".md") ? [path] : [];
    });
  return below("").sort();
}

/** Every code block of a page. */
export function fences(page: string): Fence[] {
  return [...page.matchAll(/^```([^\n`]*)\n([^]*?)^```[ \t]*$/gmu)].map((match) => ({
    info: (match[1] as string).trim().split(/\s+/u),
    body: match[2] as string,
    at: match.index + match[0].indexOf("\n") + 1,
  }));
}

/** The page without code, whose brackets are no links and whose hashes are no headings. */
export const withoutCode = (page: string): string =>
  page.replace(/^```[^]*?^```[ \t]*$/gmu, "").replace(/`[^`\n]*`/gu, (code) => code.replace(/[[\]()]/gu, " "));

/** The anchor of a heading, as GitHub makes it; the site is told to make the same. */
export function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/<[^>]*>/gu, "")
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** The text of a heading: links and code become what is shown. */
const shown = (heading: string): string => heading.replace(/!?\[([^\]]*)\]\([^)]*\)/gu, "$1").replace(/[`*]/gu, "");

/** Every anchor of a page; of equal headings the later ones are numbered. */
export function anchors(page: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of page.replace(/^```[^]*?^```[ \t]*$/gmu, "").matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*#*$/gmu)) {
    const anchor = anchorOf(shown(heading as string));
    let unique = anchor;
    for (let n = 1; found.has(unique); n++) unique = `${anchor}-${n}`;
    found.add(unique);
  }
  return found;
}
