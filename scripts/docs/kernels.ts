import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { operationFolders } from "../../bench/operations.ts";
import type { KernelCase, OperationCases } from "../../kernels/case.ts";
import { commentText, formulasOf } from "./doc_comments.ts";
import { GENERATED, ROOT, type Pages } from "./markdown.ts";

const FOLDER = `${GENERATED}/kernels`;
const SOURCE = "../../../../kernels"; // from a page

/** A page for each operation: its mathematics, and its definition in float64 beside its shaders. And a page that lists them. */
export async function kernelPages(): Promise<Pages> {
  const pages: Record<string, string> = {};
  const rows: string[] = [];
  for (const name of operationFolders().sort()) {
    const { cases } = (await import(new URL(`../../kernels/${name}/cases.ts`, import.meta.url).href)) as {
      cases: OperationCases;
    };
    const files = readdirSync(join(ROOT, "kernels", name)).sort();
    const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, "kernels", name, file), "utf8")]));
    pages[`${FOLDER}/${name}.md`] = operationPage(name, texts, cases.cases);
    const shaders = files.filter((file) => file.endsWith(".wgsl"));
    rows.push(`| [${name}](${name}.md) | ${firstSentence(texts)} | ${shaders.length} | ${cases.cases.length} |`);
  }
  pages[`${FOLDER}/index.md`] = [
    "# Kernels beside their references",
    "Each operation is defined twice: by `reference.ts`, in float64 and as plainly as possible, and by its shaders. The same cases compare the two in the tests and before every benchmark.",
    ["| operation | | shaders | cases |", "|---|---|--:|--:|", ...rows].join("\n"),
    "",
  ].join("\n\n");
  return pages;
}

function operationPage(name: string, texts: ReadonlyMap<string, string>, cases: readonly KernelCase[]): string {
  const reference = texts.get("reference.ts");
  const isBackward = ([file]: readonly [string, string]): number => Number(/backward|add_to/u.test(file));
  const shaders = [...texts].filter(([file]) => file.endsWith(".wgsl")).sort((a, b) => isBackward(a) - isBackward(b));
  const sources = [...texts].filter(([file]) => file.endsWith(".ts") && !["cases.ts", "reference.ts"].includes(file));
  return [
    "---\npageClass: wide\naside: false\n---",
    `# ${name}`,
    `From [\`kernels/${name}\`](${SOURCE}/${name}).`,
    ...sources.flatMap(([, text]) => exportedFunctions(text)),
    ...(reference === undefined ? [] : ["## Mathematics", ...formulas(reference)]),
    "## Reference and shaders",
    '<div class="beside">',
    ...(reference === undefined ? [] : [block("ts", reference, "reference.ts")]),
    "::: code-group",
    ...shaders.map(([file, text]) => block("wgsl", text, file)),
    ":::",
    "</div>",
    "## Declaration and backward rule",
    "::: code-group",
    ...sources.map(([file, text]) => block("ts", text, file)),
    ":::",
    "## Cases",
    [
      "| case | inputs | |",
      "|---|---|---|",
      ...cases.map(
        ({ name: label, inputs, benchmark }) =>
          `| ${cell(label)} | ${Object.entries(inputs)
            .map(([input, { shape }]) => `\`${input} [${shape.join(", ")}]\``)
            .join(", ")} | ${benchmark ? "for timing" : ""} |`,
      ),
    ].join("\n"),
    "",
  ].join("\n\n");
}

const block = (language: string, text: string, file: string): string =>
  `\`\`\`${language} [${file}]\n${text.trimEnd()}\n\`\`\``;

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** Exported functions with a doc comment: signature, then the comment. */
function exportedFunctions(text: string): string[] {
  const pattern = /(\/\*\*(?:[^*]|\*(?!\/))*\*\/)\nexport function (\w+)[^]*?\): [^{;]+(?= \{)/gu;
  return [...text.matchAll(pattern)].map((match) => {
    const [whole, comment, name] = match as unknown as [string, string, string];
    const signature = whole.slice(comment.length + 1).replace(/^export /u, "");
    return `## ${name}\n\n\`\`\`ts\n${signature}\n\`\`\`\n\n\`\`\`text\n${commentText(comment)}\n\`\`\``;
  });
}

const formulas = (text: string): string[] =>
  formulasOf(text).map(({ name, comment }) => `\`${name}\`\n\n\`\`\`text\n${comment}\n\`\`\``);

/** Of the comment on the first exported function, else of the first shader. */
function firstSentence(texts: ReadonlyMap<string, string>): string {
  for (const [file, text] of texts) {
    if (!file.endsWith(".ts") || ["cases.ts", "reference.ts", "kernels.ts"].includes(file)) continue;
    const [, comment] = /(\/\*\*(?:[^*]|\*(?!\/))*\*\/)\nexport function/u.exec(text) ?? [];
    if (comment) return cell((commentText(comment).split(/\n\n|(?<=\.)\s/u)[0] as string).replaceAll("\n", " "));
  }
  return "";
}
