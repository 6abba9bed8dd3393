import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, node, ROOT } from "./built.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-package-"));
const installed = join(folder, "node_modules", "unfold");
let packed: string[] = [];

function run(command: "npm" | "npx", words: string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const shell = process.platform === "win32"; // npm is a .cmd file there
  const { status, stdout, stderr } = spawnSync(command, words, {
    cwd,
    shell,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${status}: ${stdout}${stderr}`);
  return stdout;
}

beforeAll(() => {
  build();
  const [tarball] = JSON.parse(run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], ROOT));
  packed = tarball.files.map((file: { path: string }) => file.path);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "elsewhere", type: "module", private: true }));
  run(
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
      expect.arrayContaining([...shaders, "LICENSE", "dist/index.js", "dist/index.d.ts", "dist/cli/main.js"]),
    );
    expect(packed.filter((path) => /(?<!\.d)\.ts$|(^|\/)test\/|\.test\.|\.map$|tsbuildinfo/.test(path))).toEqual([]);
  });

  it("mentions no path of the machine it was built on", () => {
    const texts = packed.filter((path) => /\.(js|ts|json|wgsl)$/.test(path));
    expect(texts.filter((path) => readFileSync(join(installed, path), "utf8").includes(ROOT))).toEqual([]);
  });

  it("runs `npx unfold devices` in another folder", () => {
    expect(existsSync(installed)).toBe(true);
    const stdout = run("npx", ["--no-install", "unfold", "devices"], folder, { UNFOLD_ADAPTER: "", UNFOLD_DRIVER: "" });
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

  it("gives its types to a strict TypeScript program", async () => {
    writeFileSync(
      join(folder, "program.ts"),
      `
      import { openDevice, RunError, type Device } from "unfold";
      const device: Device = await openDevice({ driver: "bundled" });
      const width: number = device.info.subgroupMinSize;
      const buffer: GPUBuffer = device.gpu.createBuffer({ size: 4, usage: 128 });
      // @ts-expect-error: there is no such driver
      await openDevice({ driver: "cuda" });
      export { buffer, RunError, width };`,
    );
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    const words = [tsc, "--noEmit", "--strict", "--target", "es2023", "--module", "nodenext", "program.ts"];
    expect(await node(words, {}, folder)).toEqual({ status: 0, stdout: "", stderr: "" });
  });
});
