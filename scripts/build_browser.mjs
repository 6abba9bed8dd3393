// Makes dist/browser.js, which package.json exports as `unfold/browser`: one file with the engine, the speech models and all shaders.
import "./build.mjs";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { minify } from "terser";
import { build } from "vite";

const {
  browserHost,
  withShortMessages,
  withoutCycles,
  withoutDescriptions,
  withoutJsonSchemas,
  withoutUnusedTokenizers,
} = await import("./browser_plugin.mjs"); // needs the output of build.mjs
const [{ output }] = await build({
  configFile: false,
  logLevel: "warn",
  plugins: [
    browserHost(),
    withoutCycles(),
    withoutDescriptions(),
    withoutJsonSchemas(),
    withoutUnusedTokenizers(),
    withShortMessages(),
  ],
  build: {
    write: false,
    lib: { entry: "browser.ts", formats: ["es"], fileName: () => "browser.js" },
    target: "es2022",
    minify: false,
    rollupOptions: { onwarn: (warning, warn) => void (warning.code === "INVALID_ANNOTATION" || warn(warning)) }, // from zod
  },
});
const { code } = await minify(output[0].code, { module: true, ecma: 2020, compress: { passes: 3 } });
writeFileSync("dist/browser.js", code);
console.log(`dist/browser.js: ${(gzipSync(code).length / 1000).toFixed(1)} kB gzipped`);
