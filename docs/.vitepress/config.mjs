// The site of the documents: `npm run docs` writes it to docs/.vitepress/dist, `npm run docs:serve` shows it. Their scripts
// first make the pages that are generated from the code (scripts/docs/site.ts).
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
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
  // Pages that are being written apart from the others.
  ignoreDeadLinks: ["library", "guide/several-machines", "results/paper"]
    .filter((path) => !page(path))
    .map((path) => new RegExp(`(^|/)${path.split("/").at(-1)}$`, "u")),
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
          "reference/generated/api/index",
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
    config: (markdown) => {
      const render = markdown.renderer.rules.link_open;
      markdown.core.ruler.push("sources", (state) => {
        for (const token of state.tokens.flatMap((block) => block.children ?? [])) {
          if (token.type !== "link_open") continue;
          const href = token.attrGet("href");
          const moved = placeOf(href, state.env.relativePath ?? "");
          if (moved !== href) token.attrSet("href", moved);
        }
      });
      if (render) markdown.renderer.rules.link_open = render;
    },
  },
  buildEnd: ({ outDir }) => {
    for (const path of linked) {
      const target = join(outDir, "source", `${path}.txt`);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(ROOT, path), target);
    }
  },
});

function examplePages() {
  const folder = join(DOCS, "examples");
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".md"))
        .map((name) => ({ text: titleOf(`examples/${name.slice(0, -3)}`), link: `/examples/${name.slice(0, -3)}` }))
    : [];
}

/** Where a link from a page leads on the site: files outside docs/ are copied to source/, folders become the list of their files. */
function placeOf(href, from) {
  if (!href || /^[a-z]+:|^#|^\//iu.test(href)) return href;
  const [place, anchor] = href.split("#");
  const path = posix.normalize(posix.join("docs", posix.dirname(from), place));
  if (path.startsWith("docs/") || path.startsWith("..")) return href;
  const [, example] = /^examples\/([^/]+)\/README\.md$/u.exec(path) ?? [];
  if (example !== undefined && page(`examples/${example}`)) return `/examples/${example}${anchor ? `#${anchor}` : ""}`;
  if (path === "README.md") return "/";
  const absolute = join(ROOT, path);
  const file = existsSync(absolute) && statSync(absolute).isDirectory() ? readmeOf(path) : path;
  if (file === undefined || !existsSync(join(ROOT, file))) return href;
  linked.add(file);
  return `${process.env.DOCS_BASE ?? "/"}source/${file}.txt`;
}

/** What to show of a folder. */
function readmeOf(folder) {
  const name = posix.basename(folder);
  const files = readdirSync(join(ROOT, folder));
  const found = ["README.md", `${name}.ts`, "tape.ts", "schema.ts"].find((file) => files.includes(file));
  const first = found ?? files.find((file) => /\.(ts|wgsl|md|json)$/u.test(file));
  return first === undefined ? undefined : posix.join(folder, first);
}
