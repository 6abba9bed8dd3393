// A Vite plugin that makes unfold run in a browser: the host is engine/host/browser.ts, and the module "unfold:shaders"
// holds every shader with its includes expanded, comments removed and declarations reflected. Run `npm run build` first.
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expandIncludes } from "../dist/engine/kernel/includes.js";
import { reflect } from "../dist/engine/kernel/reflect.js";

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
    load: (id) => (id === `\0${SHADERS}` ? shaders(folders) : undefined),
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

/** The module's text. */
function shaders(folders) {
  const files = folders
    .flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name.split(sep).join("/")}`,
      ),
    )
    .filter((file) => file.endsWith(".wgsl"))
    .sort();
  const read = (url) => readFileSync(url, "utf8");
  const texts = files
    .filter((file) => !needsMatrixUnits(read(`${root}${file}`)))
    .map((file) => [`/${file}`, withoutComments(read(`${root}${file}`))]);
  const whole = files.filter((file) => !file.includes("/parts/") && !needsMatrixUnits(read(`${root}${file}`)));
  const declared = whole.map((file) => {
    const label = file.replace(/\.wgsl$/u, "");
    return [`/${file}`, declarationsOf(label, reflect(label, expandIncludes(pathToFileURL(`${root}${file}`), read)))];
  });
  return `export const texts = ${json(texts)};\nexport const declared = ${json(declared)};\n`;
}

/** Browsers offer no matrix units, so nothing ever requests these. */
const needsMatrixUnits = (code) => code.includes("\nenable chromium_experimental_subgroup_matrix;");

/** The format of engine/host/shaders.d.ts. Omits what is the same in all shaders, and throws for a shader that differs. */
function declarationsOf(label, { bindings, immediates, immediateBytes, entryPoint }) {
  const usual =
    entryPoint === "main" &&
    bindings.every(({ binding }, i) => binding === i) &&
    immediates.every(({ offset }, i) => offset === 4 * i) &&
    immediateBytes === 4 * immediates.length;
  if (!usual)
    throw new Error(`${label}.wgsl: expected fn main, bindings numbered from 0 and immediates of 4 bytes each`);
  const words = bindings.map(({ name, access, scalar, alias }) =>
    [name, access, scalar, alias].filter(Boolean).join(" "),
  );
  return `${words.join()};${immediates.map(({ name, type }) => `${name} ${type}`).join()}`;
}

const json = (entries) => JSON.stringify(Object.fromEntries(entries));

/** Keeps line breaks, since the loader rewrites the lines of constants and aliases, and include comments. */
const withoutComments = (code) =>
  code
    .split("\n")
    .map((line) => (line.startsWith("// include ") ? line : withoutSpaces(line.replace(/\/\/.*/u, "").trim())))
    .filter((line) => line !== "")
    .join("\n");

const withoutSpaces = (line) =>
  /^(const|alias|enable) /u.test(line)
    ? line
    : line
        .replace(/([,;:{}()+/]) /gu, "$1")
        .replace(/ ([{}()+/])/gu, "$1")
        .replace(/(?<!>) ([=*%^]|[=*-]=|&&|\|\|) /gu, "$1") // not after >, which may end a type
        .replace(/(?<=[\w)\]]) ([<>&|-]|[<>]=|<<|>>) (?=[\w(])/gu, "$1"); // nor where two operators would meet
