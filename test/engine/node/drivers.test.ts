import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, node, ROOT, type Outcome } from "../../built.ts";

// Every case is a process of its own: which drivers Vulkan sees is decided by the environment a process starts with.

const cache = mkdtempSync(join(tmpdir(), "unfold-cache-"));
const NOTHING_CHOSEN = { UNFOLD_ADAPTER: undefined, UNFOLD_DRIVER: undefined, UNFOLD_DEBUG: undefined };
const NO_DRIVERS = { VK_ICD_FILENAMES: "/no/such/icd.json", VK_DRIVER_FILES: undefined };

async function choose(
  env: NodeJS.ProcessEnv,
  options: object = {},
): Promise<Outcome & { chosen: { name: string; type: string; error: string; message: string } }> {
  const program = `
    import { chooseAdapter } from "./dist/engine/node/adapter.js";
    const chosen = await chooseAdapter(${JSON.stringify(options)}).then(
      async ({ adapter, info }) => { (await adapter.requestDevice()).destroy(); return info; },
      (error) => ({ error: error.name, message: error.message }));
    console.log(JSON.stringify(chosen));`;
  const outcome = await node(
    ["--input-type=module", "-e", program],
    { UNFOLD_CACHE: cache, ...NOTHING_CHOSEN, ...env },
    ROOT,
  );
  return { ...outcome, chosen: JSON.parse(outcome.stdout || "{}") };
}

beforeAll(build);
afterAll(() => rmSync(cache, { recursive: true }));

describe("chooseAdapter", () => {
  it("finds an adapter, opens a device, ends, and writes nothing to stderr", async () => {
    const { status, stderr, chosen } = await choose({});
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(chosen.name).not.toBe("");
  });

  it("refuses a driver kind that does not exist", async () => {
    const { chosen } = await choose({ UNFOLD_DRIVER: "cuda" });
    expect(chosen).toEqual({ error: "UserError", message: "unknown driver 'cuda': expected gpu, system or bundled" });
  });

  it("names the adapters there are when none has the wanted name", async () => {
    const { chosen } = await choose({ UNFOLD_ADAPTER: "abacus" });
    expect(chosen.error).toBe("UserError");
    expect(chosen.message).toMatch(/^no adapter matches 'abacus': found .+ \((gpu|system|bundled)\)$/);
  });
});

describe.runIf(process.platform === "linux" && process.arch === "x64")("chooseAdapter on Linux", () => {
  it("unpacks the bundled driver once, though several processes start at the same moment", async () => {
    const racing = await Promise.all(
      [1, 2, 3].map(() => choose({ UNFOLD_DRIVER: "bundled", UNFOLD_CACHE: join(cache, "race") })),
    );
    for (const { status, stderr, chosen } of racing) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(chosen).toMatchObject({ name: expect.stringContaining("SwiftShader"), type: "bundled" });
    }
    const folders = readdirSync(join(cache, "race"));
    expect(folders).toEqual([expect.stringMatching(/^swiftshader-[\d.]+$/)]);
    expect(readdirSync(join(cache, "race", folders[0]!)).sort()).toEqual([
      "libvk_swiftshader.so",
      "libvulkan.so.1",
      "vk_swiftshader_icd.json",
    ]);
  });

  it("takes the bundled driver where no driver is installed", async () => {
    const { stderr, chosen } = await choose(NO_DRIVERS);
    expect(stderr).not.toMatch(/vkCreateInstance|artificially/);
    expect(chosen.type).toBe("bundled");
  });

  it("takes an adapter by part of its name, in any case", async () => {
    const { chosen } = await choose({ UNFOLD_ADAPTER: "swiftSHADER" });
    expect(chosen.type).toBe("bundled");
  });

  it("prefers an option to the environment", async () => {
    const { chosen } = await choose({ UNFOLD_DRIVER: "gpu" }, { driver: "bundled" });
    expect(chosen.type).toBe("bundled");
  });

  it("says in one sentence what to install when there is no adapter", async () => {
    const { stderr, chosen } = await choose({ UNFOLD_DRIVER: "system", ...NO_DRIVERS });
    expect(stderr).not.toMatch(/vkCreateInstance|artificially/);
    expect(chosen.error).toBe("RunError");
    expect(chosen.message).toMatch(/^no WebGPU adapter of kind 'system' was found: install .*mesa-vulkan-drivers.*$/);
  });

  it("names the folder and the way out when the bundled driver cannot be unpacked", async () => {
    const notAFolder = join(ROOT, "package.json");
    const { chosen } = await choose({ UNFOLD_DRIVER: "bundled", UNFOLD_CACHE: notAFolder });
    expect(chosen.error).toBe("RunError");
    expect(chosen.message).toContain(notAFolder);
    expect(chosen.message).toContain("set UNFOLD_CACHE to a writable folder");
  });

  it("shows Dawn's own messages with UNFOLD_DEBUG=1", async () => {
    const { stderr } = await choose({ UNFOLD_DRIVER: "system", UNFOLD_DEBUG: "1", ...NO_DRIVERS });
    expect(stderr).toContain("Found no drivers");
  });
});
