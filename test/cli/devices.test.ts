import { spawn } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { build, ROOT, unfold } from "../built.ts";

const FRESH = { UNFOLD_ADAPTER: undefined, UNFOLD_DRIVER: undefined, UNFOLD_DEBUG: undefined };

beforeAll(build);

describe("unfold devices", () => {
  it("lists every adapter with its driver, features, limits and subgroups, and says which it would use and why", async () => {
    const { status, stdout, stderr } = await unfold(["devices"], FRESH);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const label of ["driver", "features", "subgroups", "matrix units", "limits"]) {
      expect(stdout).toMatch(new RegExp(`^  ${label} +\\S`, "m"));
    }
    expect(stdout).toMatch(/^unfold would use .+: .+\.$/m);
  });

  it("prints the same as JSON", async () => {
    const { stdout } = await unfold(["devices", "--json"], FRESH);
    const survey = JSON.parse(stdout);
    expect(survey.adapters.map((adapter: { name: string }) => adapter.name)).toContain(survey.picked);
    expect(survey.adapters[0]).toMatchObject({
      type: expect.stringMatching(/^(gpu|system|bundled)$/),
      features: expect.arrayContaining(["core-features-and-limits"]),
      limits: { maxStorageBufferBindingSize: expect.any(Number), maxImmediateSize: expect.any(Number) },
      matrixConfigs: expect.any(Array),
    });
    expect(survey).toMatchObject({ missing: expect.any(Array), refusals: expect.any(Array), error: null });
  });

  it("still lists what there is when nothing fits, then fails with one line", async () => {
    const { status, stdout, stderr } = await unfold(["devices", "--adapter", "abacus"], FRESH);
    expect(status).toBe(2);
    expect(stdout).toMatch(/^ {2}driver /m);
    expect(stderr).toMatch(/^unfold: no adapter matches 'abacus': found .+\n$/);
  });

  it("fails with 1 where there is no adapter of the kind", async () => {
    const { status, stderr } = await unfold(["devices", "--driver", "system"], {
      ...FRESH,
      VK_ICD_FILENAMES: "/no/such/icd.json",
      VK_DRIVER_FILES: undefined,
    });
    expect(status).toBe(process.platform === "linux" ? 1 : 0);
    if (status === 1) expect(stderr).toMatch(/^unfold: no WebGPU adapter of kind 'system' was found: install /m);
  });

  it("ends quietly when its reader stops early", async () => {
    const child = spawn(process.execPath, [`${ROOT}dist/cli/main.js`, "devices", "--json"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});

describe("the command line", () => {
  it.each([
    [["--version"], 0, /^\d+\.\d+\.\d+\n$/, /^$/],
    [["--help"], 0, /devices +list adapters/, /^$/],
    [["help", "devices"], 0, /--driver <kind>/, /^$/],
    [[], 2, /^$/, /Usage: unfold/],
    [["devcies"], 2, /^$/, /^unfold: unknown command 'devcies'\n\(Did you mean devices\?\)\n$/],
    [["devices", "--colour"], 2, /^$/, /^unfold: unknown option '--colour'\n$/],
    [["devices", "--driver", "cuda"], 2, /^$/, /^unfold: option '--driver <kind>' argument 'cuda' is invalid\. .+\n$/],
  ])("%j ends with %i", async (words, expected, out, err) => {
    const { status, stdout, stderr } = await unfold(words, FRESH);
    expect(status).toBe(expected);
    expect(stdout).toMatch(out);
    expect(stderr).toMatch(err);
  });

  it("names a wrong environment variable in one line, with the stack only for UNFOLD_DEBUG=1", async () => {
    const plain = await unfold(["devices"], { ...FRESH, UNFOLD_DRIVER: "cuda" });
    expect(plain).toMatchObject({
      status: 2,
      stderr: "unfold: unknown driver 'cuda': expected gpu, system or bundled\n",
    });
    const debug = await unfold(["devices"], { ...FRESH, UNFOLD_DRIVER: "cuda", UNFOLD_DEBUG: "1" });
    expect(debug.stderr).toMatch(/\n +at /);
  });
});
