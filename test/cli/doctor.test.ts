import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examineMemory, examineNode } from "../../cli/doctor/computer.ts";
import { adapterFindings } from "../../cli/doctor/drivers.ts";
import { examinationText } from "../../cli/doctor/finding.ts";
import { examineFolder } from "../../cli/doctor/folders.ts";
import type { AdapterSurvey } from "../../engine/node/adapter_survey.ts";
import { build, unfold } from "../built.ts";

let folder: string;
beforeAll(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-doctor-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FRESH = { UNFOLD_ADAPTER: undefined, UNFOLD_DRIVER: undefined, UNFOLD_DEBUG: undefined };

describe("unfold doctor", () => {
  it("finds nothing wrong here, and leaves nothing behind", async () => {
    const { status, stdout, stderr } = await unfold(["doctor"], { ...FRESH, UNFOLD_CACHE: folder });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of ["Node", "adapter", "a product", "cache folder", "working folder", "memory", "cores"])
      expect(stdout).toMatch(new RegExp(`^(ok|note) +${name} +\\S`, "mu"));
    expect(stdout).toMatch(/^ok +a product +of \[64, 64\] matrices is right, /mu);
    expect(stdout).toMatch(/\n\nNothing is wrong\.\n$/u);
    expect(readdirSync(folder).filter((name) => !name.startsWith("swiftshader"))).toEqual([]);
  });

  it.runIf(process.platform === "linux")("says what mends a machine without drivers, and exits with 1", async () => {
    const { status, stdout } = await unfold(["doctor", "--driver", "system"], {
      ...FRESH,
      VK_ICD_FILENAMES: "/no/such/icd.json",
      VK_DRIVER_FILES: undefined,
    });
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /^FAULT +adapter +no WebGPU adapter of kind 'system' was found\n +-> install a Vulkan driver \(apt-get install mesa-vulkan-drivers/mu,
    );
    expect(stdout).toMatch(/\n\n1 thing is wrong\.\n$/u);
  });
});

it("a folder that cannot be written to is a fault; one that is not there yet is made by whoever needs it", async () => {
  writeFileSync(join(folder, "file"), "");
  expect(await examineFolder("cache folder", join(folder, "file", "below"), "do this")).toEqual({
    name: "cache folder",
    verdict: "fault",
    found: `${join(folder, "file", "below")} cannot be written to (ENOTDIR)`,
    remedy: "do this",
  });
  symlinkSync("/proc", join(folder, "proc"));
  expect((await examineFolder("x", join(folder, "proc"), "")).verdict).toBe("fault");
  expect(await examineFolder("x", join(folder, "new", "newer"), "")).toMatchObject({ verdict: "fine" });
});

it("an old Node, little memory", () => {
  expect(examineNode("18.20.1")).toMatchObject({ verdict: "fault", found: "18.20.1, which is older than 20" });
  expect(examineNode("20.0.0")).toMatchObject({ verdict: "fine" });
  expect(examineMemory(2 ** 29)).toMatchObject({
    verdict: "note",
    remedy: expect.stringContaining("batch.size") as string,
  });
});

it("a card without its driver: what is missing, and the package", () => {
  const survey: AdapterSurvey = {
    adapters: [],
    picked: undefined,
    why: "",
    error: new Error("no WebGPU adapter was found: install this; 'unfold doctor' examines this machine"),
    missing: ["the NVIDIA card has no Vulkan driver (no ICD file): install nvidia-vulkan-icd (Debian)"],
    refusals: ["too old"],
  };
  const findings = adapterFindings(survey);
  expect(findings).toEqual([
    { name: "adapter", verdict: "fault", found: "no WebGPU adapter was found", remedy: "install this" },
    {
      name: "graphics card",
      verdict: "fault",
      found: "the NVIDIA card has no Vulkan driver (no ICD file)",
      remedy: "install nvidia-vulkan-icd (Debian)",
    },
    {
      name: "driver",
      verdict: "note",
      found: "an installed one was rejected: too old",
      remedy: "update it: Mesa 23.1 or newer is needed",
    },
  ]);
  expect(examinationText(findings)).toBe(
    `FAULT  adapter        no WebGPU adapter was found
                      -> install this
FAULT  graphics card  the NVIDIA card has no Vulkan driver (no ICD file)
                      -> install nvidia-vulkan-icd (Debian)
note   driver         an installed one was rejected: too old
                      -> update it: Mesa 23.1 or newer is needed

2 things are wrong.
`,
  );
});
