// A Vite plugin that makes unfold run in a browser: the host is engine/host/browser.ts, and the module "unfold:shaders"
// holds every shader, shortened. Run `npm run build` first.
import { builtinModules } from "node:module";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { shaderModule } from "./bundled_shaders.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const SHADERS = "unfold:shaders";

/** @param folders folders of shaders, relative to the project */
export function browserHost({ folders = ["engine", "kernels"] } = {}) {
  return {
    name: "unfold-browser-host",
    enforce: "pre",
    resolveId(source, importer) {
      if (source === SHADERS) return `\0${SHADERS}`;
      if (/(^|\/)host\/node\.ts$/u.test(source)) return `${root}engine/host/browser.ts`;
      if (importer?.startsWith(root) && !importer.includes("node_modules") && isNode(source))
        throw new Error(`${relative(root, importer)} imports ${source}, which browsers do not have`);
      return undefined;
    },
    load: (id) => (id === `\0${SHADERS}` ? shaderModule(folders) : undefined),
    /** Replaces a module's URL by its place in the project, which names its shaders. */
    transform(code, id) {
      const file = id.split("?")[0];
      if (!file.startsWith(root) || file.includes("node_modules") || !code.includes("import.meta.url"))
        return undefined;
      if (!folders.some((folder) => file.startsWith(`${root}${folder}/`))) return undefined;
      const place = `file:///${relative(root, file).split(sep).join("/")}`;
      return { code: code.replaceAll("import.meta.url", JSON.stringify(place)), map: null };
    },
  };
}

/** A Vite plugin that drops the descriptions of config keys, `.describe("…")`, which a page does not need. */
export const withoutDescriptions = () => ({
  name: "unfold-without-descriptions",
  transform(code, id) {
    if (!id.startsWith(`${root}config/schema/`)) return undefined;
    const cuts = [];
    visit(this.parse(code), ({ type, callee, end }) => {
      if (type === "CallExpression" && callee.type === "MemberExpression" && callee.property.name === "describe")
        cuts.push([callee.object.end, end]);
    });
    const kept = cuts
      .sort(([a], [b]) => b - a)
      .reduce((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), code);
    return { code: kept, map: null };
  },
});

/** A Vite plugin that empties the half of zod that writes JSON schemas: a tenth of it, part of every schema, and never called. */
export const withoutJsonSchemas = () => ({
  name: "unfold-without-json-schemas",
  transform(code, id) {
    if (!/\/zod\/v4\/core\/(to-json-schema|json-schema-processors)\.js$/u.test(id)) return undefined;
    const names = [...code.matchAll(/^export (?:const|function|class) (\w+)/gmu)].map(([, name]) => name);
    const absent = `const absent = () => { throw new Error("zod's JSON schemas are not in this file"); };`;
    return { code: [absent, ...names.map((name) => `export const ${name} = () => absent;`)].join("\n"), map: null };
  },
});

/** A Vite plugin that leaves out what zod has against values that contain themselves, as zod/mini does: JSON has none. */
export const withoutCycles = () => ({
  name: "unfold-without-cycles",
  transform(code, id) {
    if (!/\/zod\/v4\/core\/memoizer\.js$/u.test(id)) return undefined;
    const names = [...code.matchAll(/^export (?:function|class) ([\w$]+)/gmu)].map(([, name]) => name);
    return { code: names.map((name) => `export const ${name} = () => undefined;`).join("\n"), map: null };
  },
});

/**
 * A Vite plugin that shortens zod's own messages to what was expected. Values of a config have better ones of their own, which these
 * do not replace.
 */
export const withShortMessages = () => ({
  name: "unfold-with-short-messages",
  transform: (_, id) =>
    /\/zod\/v4\/locales\/en\.js$/u.test(id)
      ? {
          code: "export default () => ({ localeError: ({ expected, code }) => (expected ? `expected ${expected}` : code) });",
          map: null,
        }
      : undefined,
});

/** What units never ask of the tokenizer library, since tokenizer_json.ts refuses it or they do it themselves. */
const UNUSED = [
  "create_post_processor_default(this.tokenizer.post_processor)",
  "create_decoder_default(this.tokenizer.decoder)",
  "new BertPreTokenizer_default()",
  "new Whitespace_default()",
  "new ByteLevel_default(config)",
  "new Split_default(config)",
  "new Punctuation_default(config)",
  "new Digits_default(config)",
  "new Replace_default2(config)",
  "new FixedLength_default(config)",
  "new WordPiece_default(model_config)",
];

/** A Vite plugin that leaves it out. */
export const withoutUnusedTokenizers = () => ({
  name: "unfold-without-unused-tokenizers",
  transform(code, id) {
    if (!id.includes("/@huggingface/tokenizers/dist/")) return undefined;
    const absent = UNUSED.find((part) => !code.includes(part));
    if (absent !== undefined) throw new Error(`${id} has changed: it has no ${absent}`);
    return { code: UNUSED.reduce((kept, part) => kept.replaceAll(part, "null"), code), map: null };
  },
});

function visit(node, use) {
  if (typeof node?.type === "string") use(node);
  for (const child of Object.values(node)) if (typeof child === "object" && child !== null) visit(child, use);
}

const isNode = (source) => source.startsWith("node:") || builtinModules.includes(source);
