// The page: `npm run web` serves it, `npm run web:build` writes web/dist. Needs the output of scripts/build.mjs.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { plot } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import {
  browserHost,
  withoutDescriptions,
  withoutJsonSchemas,
  withoutUnusedTokenizers,
  withShortMessages,
} from "../scripts/browser_plugin.mjs";
import { withFlite } from "./flite_asset.mjs";

/**
 * No request but to the page's own files, and no script or style but its own and the charts'. The synthesiser of section 4 is
 * WebAssembly: where a worker inherits its page's policy, only 'wasm-unsafe-eval' lets it compile. That allows no script from a string.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  `style-src 'self' 'sha256-${sha256(styleOfCharts())}'`,
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Where the workers' shaders are. */
const SHADERS = ["engine", "kernels", "bench/roofline"];

const smaller = () => [withoutDescriptions(), withoutJsonSchemas(), withoutUnusedTokenizers(), withShortMessages()];

export default defineConfig(({ command }) => ({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [
    browserHost({ folders: SHADERS }),
    svelte(),
    withDocuments(),
    withFlite(),
    command === "build" && withPolicy(),
  ],
  worker: {
    format: "es",
    plugins: () => [browserHost({ folders: SHADERS }), ...(command === "build" ? smaller() : [])],
  },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1000 },
}));

/** Observable Plot writes the same short style into every chart. */
function styleOfCharts() {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return plot({ document, marks: [] }).querySelector("style").textContent;
}

function sha256(text) {
  return createHash("sha256").update(text).digest("base64");
}

/** Documents beside the page: the README and the reading order as text, and the picture of the rooms. */
function withDocuments() {
  const documents = [
    ["README.txt", "../README.md", "text/plain; charset=utf-8"],
    ["reading-order.txt", "../docs/engine/reading-order.md", "text/plain; charset=utf-8"],
    ["rooms.svg", "../docs/pictures/rooms.svg", "image/svg+xml"],
  ];
  const content = (place) => readFileSync(new URL(place, import.meta.url));
  return {
    name: "unfold-documents",
    configureServer({ middlewares }) {
      for (const [name, place, type] of documents)
        middlewares.use(`/${name}`, (_, response) => response.setHeader("Content-Type", type).end(content(place)));
    },
    generateBundle() {
      for (const [fileName, place] of documents) this.emitFile({ type: "asset", fileName, source: content(place) });
    },
  };
}

const withPolicy = () => ({
  name: "unfold-content-security-policy",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
      injectTo: "head-prepend",
    },
  ],
});
