import { existsSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { anchors, documents, GENERATED, ROOT, withoutCode, type Pages } from "./markdown.ts";

/**
 * Every relative link and picture that leads nowhere, with its page: the file must exist, and the anchor be one of its
 * headings. Nothing is fetched.
 *
 * @param generated pages that are not in the repository, which others may link to; their own links are checked too
 */
export function brokenLinks(generated: Pages): string[] {
  const pages: Record<string, string> = { ...generated };
  for (const path of documents()) pages[path] = readFileSync(join(ROOT, path), "utf8");
  return Object.entries(pages).flatMap(([path, page]) =>
    targets(page)
      .map((target) => [target, problemOf(path, target, pages)] as const)
      .filter(([, problem]) => problem !== undefined)
      .map(([target, problem]) => `${path}: ${target} ${problem}`),
  );
}

/** What a page links to or shows, except addresses of other hosts. */
export function targets(page: string): string[] {
  const text = withoutCode(page);
  const inline = [...text.matchAll(/\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)/gu)];
  const html = [...text.matchAll(/<(?:a|img)\b[^>]*?\b(?:href|src)="([^"]+)"/gu)];
  return [...inline, ...html].map((match) => match[1] as string).filter((target) => !/^[a-z]+:/iu.test(target));
}

function problemOf(from: string, target: string, pages: Pages): string | undefined {
  const [place, anchor] = target.split("#") as [string, string?];
  const path = place === "" ? from : posix.normalize(posix.join(posix.dirname(from), decodeURIComponent(place)));
  if (path.startsWith("..")) return "leaves the repository";
  if (path.startsWith(`${GENERATED}/api/`)) return undefined; // made by TypeDoc, when the site is built
  const page = pages[path] ?? (path.endsWith(".md") ? readIfThere(path) : undefined);
  if (page === undefined && !existsSync(join(ROOT, path))) return "does not exist";
  if (anchor === undefined) return undefined;
  if (page === undefined) return "has an anchor, but is no page";
  return anchors(page).has(anchor) ? undefined : "has no such heading";
}

const readIfThere = (path: string): string | undefined =>
  existsSync(join(ROOT, path)) && statSync(join(ROOT, path)).isFile()
    ? readFileSync(join(ROOT, path), "utf8")
    : undefined;
