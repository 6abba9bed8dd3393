// The programs in the documents. Code blocks of a page marked `run` are one program, in order; a `text` block right below
// one shows what that part prints.
//
//     npm run docs:check              # runs them all and writes down what they print; or -- PAGE...
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { documents, fences, ROOT } from "./markdown.ts";

const END = "\u0001end of part\u0001";

/** A part of a page's program, and what it printed. */
export interface Part {
  readonly code: string;
  readonly printed: string;
  /** What the page says that it prints; undefined if it does not say. */
  readonly expected: string | undefined;
  /** Offset in the page of what it says. */
  readonly at: number;
}

/** A program that imports the sources in place of the package, from wherever it lies. */
export const ofSources = (code: string): string =>
  code.replace(
    /from "unfold(?:\/(speech|browser))?"/gu,
    (_, entry: string | undefined) => `from "${pathToFileURL(join(ROOT, `${entry ?? "index"}.ts`)).href}"`,
  );

/** Whether a page has a program. */
export const hasProgram = (page: string): boolean => fences(page).some(({ info }) => info.includes("run"));

/** Runs a page's program with the sources in place of the package. Throws what it printed on stderr if it fails. */
export async function runPage(page: string): Promise<Part[]> {
  const blocks = fences(page);
  const parts = blocks.flatMap((block, i) => {
    if (!block.info.includes("run")) return [];
    const next = blocks[i + 1];
    const below =
      next?.info[0] === "text" && page.slice(block.at + block.body.length, next.at).trim() === "```\n\n```text";
    return [{ code: block.body, expected: below ? next.body : undefined, at: next?.at ?? 0 }];
  });
  const folder = mkdtempSync(join(tmpdir(), "unfold-snippet-"));
  try {
    const program = join(folder, "program.ts");
    writeFileSync(
      program,
      parts.map(({ code }) => `${ofSources(code)}\nconsole.log(${JSON.stringify(END)});\n`).join(""),
    );
    const words = ["--import", pathToFileURL(join(ROOT, "scripts/typescript_loader.mjs")).href, program];
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: ROOT, maxBuffer: 2 ** 24 });
    const printed = stdout.split(`${END}\n`);
    return parts.map((part, i) => ({ ...part, printed: printed[i] as string }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The page with what its program printed. */
export function updated(page: string, parts: readonly Part[]): string {
  return parts.reduceRight(
    (text, { printed, expected, at }) =>
      expected === undefined ? text : text.slice(0, at) + printed + text.slice(at + expected.length),
    page,
  );
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const update = process.argv.includes("--update");
  const named = process.argv.slice(2).filter((word) => word !== "--update");
  for (const path of named.length > 0 ? named : documents()) {
    const page = readFileSync(path, "utf8");
    if (!hasProgram(page)) continue;
    const parts = await runPage(page);
    for (const { code, printed, expected } of parts)
      if (printed !== (expected ?? "")) console.log(`${path}:\n${code}\nprints\n${printed}\n`);
    if (update) writeFileSync(path, updated(page, parts));
  }
}
