// Compiles the sources to dist/ and copies the files they read at run time: shaders, the examples' configs, the tuner's
// tables. Does nothing if no source is newer than the last build. Types are checked by `npm test`, not here.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ENTRIES, ROOMS } from "./rooms.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const FOLDERS = [...ROOMS, "examples"];
const ROOT_FILES = [
  ...ENTRIES,
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts/build.mjs",
  "scripts/rooms.mjs",
];
const STAMP = "dist/.built";
const NOT_BUILT = ["bench/peers", "bench/gpu", "bench/results"]; // a separate package, scripts, and benchmark results
/** The seed that the web page ships, for the first minute of `unfold start`. */
const SEED = "web/public/seed/seed.safetensors";
const ASSET = /\.(wgsl|html|css)$|^examples\/.*\.(yaml|json)$|^bench\/tuned\/.*\.json$/;

const entries = FOLDERS.flatMap(walk);
const newest = Math.max(...[...entries, ...ROOT_FILES, SEED].map((path) => statSync(path).mtimeMs));
if (!existsSync(STAMP) || statSync(STAMP).mtimeMs < newest) build();

function build() {
  const started = new Date(); // so that a file saved during the build counts as newer
  const tsc = findCompiler();
  if (tsc === undefined) return;
  const { status } = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json", "--noCheck"], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  for (const path of [...entries.filter((path) => ASSET.test(path)), SEED]) {
    mkdirSync(join("dist", dirname(path)), { recursive: true });
    copyFileSync(path, join("dist", path));
  }
  for (const path of FOLDERS.map((folder) => join("dist", folder))
    .filter((folder) => existsSync(folder))
    .flatMap(walk)) {
    if (!hasSource(path.slice("dist/".length))) rmSync(path, { recursive: true, force: true }); // its folder may have gone before it
  }
  writeFileSync(STAMP, "");
  utimesSync(STAMP, started, started);
}

/** TypeScript's compiler. With --where-possible, which npm passes after an installation, it may be missing (--omit=dev). */
function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve("typescript/bin/tsc");
  } catch (error) {
    if (process.argv.includes("--where-possible")) return undefined;
    throw error;
  }
}

/** Whether a file in dist/ still has a source, which may have been renamed or deleted. */
function hasSource(path) {
  return existsSync(path) || existsSync(path.replace(/(\.d\.ts|\.js)$/, ".ts"));
}

/** All files and folders below; folders too, since deleting a file only changes its folder's time. */
function walk(folder) {
  return [
    folder,
    ...readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (NOT_BUILT.includes(path)) return [];
      return entry.isDirectory() ? walk(path) : [path];
    }),
  ];
}
