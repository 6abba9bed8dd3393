import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { node, ROOT } from "./built.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-package-"));
const installed = join(folder, "node_modules", "unfold");
let packed: string[] = [];

/** The standard output of a command, which must succeed. It is waited for without blocking: Vitest gives up workers that do not answer. */
async function run(command: "npm" | "npx", words: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const shell = process.platform === "win32"; // npm is a .cmd file there
  const { stdout } = await promisify(execFile)(command, words, {
    cwd,
    shell,
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 24,
  });
  return stdout;
}

beforeAll(async () => {
  await run("npm", ["run", "build:browser"], ROOT);
  const [tarball] = JSON.parse(
    await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], ROOT),
  );
  packed = tarball.files.map((file: { path: string }) => file.path);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "elsewhere", type: "module", private: true }));
  await run(
    "npm",
    ["install", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", `./${tarball.filename}`],
    folder,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the packed package", () => {
  it("holds every shader, the licence and the types, and neither sources nor tests", () => {
    const shaders = ["engine", "kernels"].flatMap((name) =>
      readdirSync(join(ROOT, name), { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".wgsl"))
        .map((path) => `dist/${name}/${path.replaceAll("\\", "/")}`),
    );
    expect(shaders.length).toBeGreaterThan(0);
    expect(packed).toEqual(
      expect.arrayContaining([
        ...shaders,
        "LICENSE",
        "dist/index.js",
        "dist/index.d.ts",
        "dist/speech.js",
        "dist/speech.d.ts",
      ]),
    );
    expect(packed.filter((path) => /(?<!\.d)\.ts$|(^|\/)test\/|\.test\.|\.map$|tsbuildinfo/.test(path))).toEqual([]);
  });

  it("mentions no path of the machine it was built on", () => {
    const texts = packed.filter((path) => /\.(js|ts|json|wgsl)$/.test(path));
    expect(texts.filter((path) => readFileSync(join(installed, path), "utf8").includes(ROOT))).toEqual([]);
  });

  it("runs `npx unfold devices` in another folder", async () => {
    expect(existsSync(installed)).toBe(true);
    const stdout = await run("npx", ["--no-install", "unfold", "devices"], folder, {
      UNFOLD_ADAPTER: "",
      UNFOLD_DRIVER: "",
    });
    expect(stdout).toMatch(/^unfold would use .+$/m);
  });

  it("imports as a library, which ends by itself once its device is closed", async () => {
    const program = `
      import { openDevice } from "unfold";
      const device = await openDevice();
      console.log(device.info.name !== "");
      device.close();`;
    expect(await node(["--input-type=module", "-e", program], {}, folder)).toEqual({
      status: 0,
      stdout: "true\n",
      stderr: "",
    });
  });

  it("loads the engine without what only configs and speech models need", async () => {
    const hooks = `export const resolve = (name, context, next) => {
      if (["zod", "yaml", "@huggingface/tokenizers"].includes(name)) throw new Error("loads " + name);
      return next(name, context);
    };`;
    const program = (name: string): string => `
      import { register } from "node:module";
      register("data:text/javascript," + ${JSON.stringify(encodeURIComponent(hooks))});
      await import("${name}").then(() => console.log("loaded"), (error) => console.log(error.message));`;
    const load = async (name: string) => (await node(["--input-type=module", "-e", program(name)], {}, folder)).stdout;
    expect(await load("unfold")).toBe("loaded\n");
    expect(await load("unfold/speech")).toMatch(/^loads /);
  });

  it("has the speech models in unfold/speech: a waveform becomes features, logits and text", async () => {
    const program = `
      import { openDevice, Parameters, Tape, read } from "unfold";
      import { CharacterUnits, ConformerCtc, conformerDefaults, createFbank, depthSchedule, greedySearch } from "unfold/speech";
      const device = await openDevice();
      const units = new CharacterUnits(["a", "b"]);
      const { frames, features } = { frames: 40, features: new Float32Array(40 * 10) };
      const parameters = new Parameters();
      const model = new ConformerCtc(parameters, { ...conformerDefaults, dim: 16, heads: 2, feedForwardDim: 16, blocks: 1,
        subsamplingChannels: 4, convKernel: 3, inputDim: 10, vocabulary: units.size });
      parameters.seal(device, { seed: 1, optimizer: false });
      const tape = new Tape(device, { grad: false });
      const { logits } = model.forward(tape, tape.upload(features, [1, frames, 10]), [frames], [depthSchedule("repeat", 1, 2)]);
      const values = await read(device, logits[0]);
      console.log(values.length, typeof greedySearch, typeof createFbank);
      tape.end();
      device.close();`;
    expect(await node(["--input-type=module", "-e", program], {}, folder)).toEqual({
      status: 0,
      stdout: "27 function function\n",
      stderr: "",
    });
  });

  it("has both for a page in unfold/browser: one file that needs no other, under 140 kB when packed", () => {
    const file = readFileSync(join(installed, "dist", "browser.js"));
    expect(gzipSync(file).length).toBeLessThan(140_000);
    expect(file.toString().match(/(^|[;}\s])import\s*[{*"\w]|\bfrom\s*"/u)).toBeNull();
    expect(file.toString()).toContain("@compute");
  });

  it("reads configs in unfold/browser as in Node, without the parts of zod that it leaves out", async () => {
    const program = `
      import { isDeepStrictEqual } from "node:util";
      import * as page from "unfold/browser";
      import * as here from "unfold/speech";
      const given = { data: { train: "a", dev: "b", test: { x: "c" } }, features: { bins: 10 }, unfold: { order: "repeat", depths: [2, 4] },
        model: { dim: 16, heads: 2, blocks: 2, feed_forward_dim: 32, conv_kernel: 7, subsampling_channels: 8 } };
      const [one, other] = [page, here].map(({ restoreConfig }) => restoreConfig(given, "x"));
      console.log(one.model.dim, isDeepStrictEqual(one, other));
      for (const wrong of [{ ...given, model: { ...given.model, dim: "a" } }, { ...given, unknown: 1 }])
        for (const { restoreConfig } of [page, here])
          try { restoreConfig(wrong, "x"); } catch (error) { console.log(error.message); }`;
    const { stdout } = await node(["--input-type=module", "-e", program], {}, folder);
    expect(stdout.split("\n")).toEqual([
      "16 true",
      ...Array<string>(2).fill(`x: model.dim: expected a whole number from 1, got "a".`),
      ...Array<string>(2).fill("x: unknown is not a key; the nearest valid one is unfold."),
      "",
    ]);
  });

  it("gives its types to a strict TypeScript program", async () => {
    writeFileSync(
      join(folder, "program.ts"),
      `
      import { openDevice, RunError, type Device } from "unfold";
      import { openRecogniser, transcribeFiles, type Recogniser } from "unfold/speech";
      import { parseCheckpoint, recogniserOf } from "unfold/browser";
      const device: Device = await openDevice({ driver: "bundled" });
      const width: number = device.info.subgroupMinSize;
      const buffer: GPUBuffer = device.gpu.createBuffer({ size: 4, usage: 128 });
      // @ts-expect-error: there is no such driver
      await openDevice({ driver: "cuda" });
      const recognisers: Recogniser[] = [openRecogniser(device, "run"), recogniserOf(device, parseCheckpoint(new Uint8Array(), "page"))];
      export { buffer, recognisers, RunError, transcribeFiles, width };`,
    );
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const words = [tsc, "--noEmit", "--strict", "--target", "es2023", "--module", "nodenext", "program.ts"];
    expect(await node(words, {}, folder)).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
