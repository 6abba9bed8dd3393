// The site of the documents: `npm run docs` writes it to docs/.vitepress/dist, `npm run docs:serve` shows it. Their scripts
// first make the pages that are generated from the code (scripts/docs/site.ts).
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const DOCS = fileURLToPath(new URL("..", import.meta.url));
const ROOT = join(DOCS, "..");

/** Sources that pages link to, shown as plain text. */
const linked = new Set();

const page = (path) => existsSync(join(DOCS, `${path}.md`));

/** Title and link of each page that exists. */
const pages = (...paths) =>
  paths.filter(page).map((path) => ({ text: titleOf(path), link: `/${path.replace(/index$/u, "")}` }));

const titleOf = (path) => /^# (.+)$/mu.exec(readFileSync(join(DOCS, `${path}.md`), "utf8"))[1];

const kernels = join(DOCS, "reference/generated/kernels");
const kernelPages = existsSync(kernels)
  ? readdirSync(kernels)
      .filter((file) => file.endsWith(".md") && file !== "index.md")
      .map((file) => ({ text: file.slice(0, -3), link: `/reference/generated/kernels/${file.slice(0, -3)}` }))
  : [];

export default defineConfig({
  title: "unfold",
  description:
    "A tensor engine with handwritten WebGPU kernels, and a speech recogniser whose seed unfolds to any depth",
  base: process.env.DOCS_BASE ?? "/",
  cacheDir: join(ROOT, "node_modules/.cache/vitepress"),
  lastUpdated: false,
  ignoreDeadLinks: [/^\/source\//u], // made when all pages are
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Tutorial", link: "/guide/tutorial" },
      { text: "Engine", link: "/engine/afternoon" },
      { text: "Results", link: "/results/" },
      { text: "Reference", link: "/reference/command-line" },
    ],
    sidebar: [
      {
        text: "Guides",
        items: pages(
          "guide/tutorial",
          "guide/unfolding",
          "guide/own-speech",
          "guide/foundation-models",
          "guide/several-machines",
          "guide/benchmark",
          "guide/web-page",
          "guide/troubles",
        ),
      },
      {
        text: "The engine",
        items: pages(
          "library",
          "engine/afternoon",
          "engine/layer-norm",
          "engine/add-a-kernel",
          "engine/add-a-model",
          "engine/reading-order",
        ),
      },
      { text: "Results", items: pages("results/index", "results/paper", "results/kernels") },
      { text: "Examples", items: examplePages() },
      {
        text: "Reference",
        items: pages(
          "reference/command-line",
          "reference/generated/commands",
          "reference/generated/configuration",
          "reference/generated/api/unfold",
          "reference/generated/api/speech",
          "reference/glossary",
          "reference/checks",
          "reference/reference-values",
          "reference/dependencies",
          "reference/limits",
        ),
      },
      { text: "Kernels", collapsed: true, items: [...pages("reference/generated/kernels/index"), ...kernelPages] },
    ],
  },
  markdown: {
    // GitHub's anchors, which the links of the pages use and `npm test` checks; see anchorOf in scripts/docs/markdown.ts.
    anchor: {
      slugify: (text) =>
        text
          .trim()
          .toLowerCase()
          .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
          .replaceAll(" ", "-"),
    },
    config: (markdown) =>
      markdown.core.ruler.push("sources", ({ tokens, env }) => {
        for (const token of tokens.flatMap((block) => block.children ?? []))
          if (token.type === "link_open") token.attrSet("href", placeOf(token.attrGet("href"), env.relativePath ?? ""));
      }),
  },
  buildEnd: ({ outDir }) => {
    for (const path of linked) {
      if (!statSync(join(ROOT, path)).isDirectory()) copySource(outDir, path);
      else listFolder(outDir, path);
    }
  },
});

/** Copies a file to where the site shows it as text. */
function copySource(outDir, path) {
  const target = join(outDir, "source", `${path}.txt`);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(ROOT, path), target);
}

/** A page that lists a folder's files, which are copied. */
function listFolder(outDir, path) {
  const folders = readdirSync(join(ROOT, path), { withFileTypes: true });
  const files = folders.filter((entry) => entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
  for (const name of files) copySource(outDir, posix.join(path, name));
  const items = [
    ...folders.filter((entry) => entry.isDirectory()).map(({ name }) => `<li>${name}/</li>`),
    ...files.map((name) => `<li><a href="${name}.txt">${name}</a></li>`),
  ];
  mkdirSync(join(outDir, "source", path), { recursive: true });
  writeFileSync(
    join(outDir, "source", path, "index.html"),
    `<!doctype html><meta charset="utf-8"><title>${path}</title><h1>${path}</h1><ul>${items.join("\n")}</ul>\n`,
  );
}

function examplePages() {
  const folder = join(DOCS, "examples");
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".md"))
        .map((name) => ({ text: titleOf(`examples/${name.slice(0, -3)}`), link: `/examples/${name.slice(0, -3)}` }))
    : [];
}

/** Where a link from a page leads on the site: files outside docs/ are copied to source/, folders are listed there. */
function placeOf(href, from) {
  if (!href || /^[a-z]+:|^#|^\//iu.test(href)) return href;
  const [place, anchor] = href.split("#");
  const path = posix.normalize(posix.join("docs", posix.dirname(from), place)).replace(/\/$/u, "");
  if (path.startsWith("docs/") || path.startsWith("..") || !existsSync(join(ROOT, path))) return href;
  const [, example] = /^examples\/([^/]+)\/README\.md$/u.exec(path) ?? [];
  if (example !== undefined && page(`examples/${example}`)) return `/examples/${example}${anchor ? `#${anchor}` : ""}`;
  linked.add(path);
  const folder = statSync(join(ROOT, path)).isDirectory();
  return `${process.env.DOCS_BASE ?? "/"}source/${path}${folder ? "/index.html" : ".txt"}`;
}
