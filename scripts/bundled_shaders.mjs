// The module "unfold:shaders" of a bundle: every shader without what only people need.
import { readdirSync, readFileSync } from "node:fs";
import { sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { declarationsIn, WORD } from "../dist/engine/kernel/declarations.js";
import { expandIncludes } from "../dist/engine/kernel/includes.js";
import { reflect } from "../dist/engine/kernel/reflect.js";
import { withShortNames } from "./short_names.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The module's text. */
export const shaderModule = (folders) =>
  `export const texts = ${JSON.stringify(Object.fromEntries(bundledShaders(folders)))};\n`;

/**
 * Shaders and the parts that they include, by path: without comments and unneeded spaces, names within them shortened.
 * Throws if a shader then declares anything else than before.
 */
export function bundledShaders(folders) {
  const files = folders
    .flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }).map(
        (name) => `${folder}/${name.split(sep).join("/")}`,
      ),
    )
    .filter((file) => file.endsWith(".wgsl") && !needsMatrixUnits(read(file)))
    .sort();
  const plain = new Map(files.map((file) => [`/${file}`, withoutComments(read(file))]));
  const whole = files.filter((file) => !file.includes("/parts/"));
  const shaders = whole.map((file) => expanded(`/${file}`, plain));
  const texts = new Map([...withShortNames(plain, shaders)].map(([path, text]) => [path, withoutSpaces(text)]));
  for (const file of whole) checkDeclarations(file, expanded(`/${file}`, texts));
  return texts;
}

/** A shader of these texts with its includes. */
export const expanded = (path, texts) =>
  expandIncludes(new URL(`file://${path}`), ({ pathname }) => texts.get(pathname));

const read = (file) => readFileSync(`${root}${file}`, "utf8");

/** Browsers offer no matrix units, so nothing ever requests these. */
const needsMatrixUnits = (code) => code.includes("\nenable chromium_experimental_subgroup_matrix;");

/** Throws unless the host finds in the shortened shader, by its words, what reflection finds in the file. */
function checkDeclarations(file, code) {
  const label = file.replace(/\.wgsl$/u, "");
  const url = pathToFileURL(`${root}${file}`);
  const { bindings, immediates, immediateBytes, entryPoint } = reflect(
    label,
    expandIncludes(url, (part) => readFileSync(part, "utf8")),
  );
  const usual = entryPoint === "main" && immediateBytes === WORD * immediates.length;
  if (!usual || !isDeepStrictEqual(declarationsIn(code), { bindings, immediates }))
    throw new Error(
      `${label}.wgsl: expected fn main, bindings of arrays numbered from 0, and immediates of ${WORD} bytes each`,
    );
}

const withoutComments = (code) =>
  code
    .split("\n")
    .map((line) => (line.startsWith("// include ") ? line : line.replace(/\/\/.*/u, "").trim()))
    .filter((line) => line !== "")
    .join("\n");

/** Lines that the loader looks for, as they stand. */
const OWN_LINE = /^(const|alias|enable|diagnostic|\/\/ include)\b/u;

/** Joins all other lines; a space stays between two words, and between two operators, which would become another one. */
function withoutSpaces(code) {
  let text = "";
  for (const line of code.split("\n")) {
    if (OWN_LINE.test(line)) text += `${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
    else
      text +=
        spaceBetween(text.at(-1), line[0]) +
        line.replace(/ +/gu, (spaces, at) => spaceBetween(line[at - 1], line[at + spaces.length]));
  }
  return text;
}

const spaceBetween = (before = "\n", after = "") =>
  [/\w/u, /[=<>&|+\-*/%!^~]/u].some((kind) => kind.test(before) && kind.test(after)) ? " " : "";
