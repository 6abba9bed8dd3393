import { afterEach, describe, expect, it, vi } from "vitest";
import { chooseAdapter, pick } from "../../../engine/node/adapter.ts";
import { missingForGpu, type DriverFacts } from "../../../engine/node/driver_advice.ts";
import type { DriverKind, FoundAdapter } from "../../../engine/adapter.ts";
import type { FoundAdapters } from "../../../engine/node/drivers.ts";
import { readMessages } from "../../../engine/node/startup_messages.ts";

function adapter(name: string, type: DriverKind): FoundAdapter {
  const info = { name, vendor: "v", architecture: "a", description: "d", type, subgroupMinSize: 8, subgroupMaxSize: 8 };
  const gpu = { wgslLanguageFeatures: new Set(["immediate_address_space"]) } as unknown as GPU;
  return { gpu, adapter: {} as GPUAdapter, info };
}

const machine = (found: Partial<FoundAdapters>) => (): Promise<FoundAdapters> =>
  Promise.resolve({ adapters: [], refusals: [], others: [], loader: "system", ...found });

const TOO_OLD = "Vulkan shaderUniform*ArrayDynamicIndexing required.";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function stderrLines(): string[] {
  vi.stubEnv("UNFOLD_DRIVER", "");
  vi.stubEnv("UNFOLD_ADAPTER", "");
  const lines: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  return lines;
}

describe("pick", () => {
  const all = [
    adapter("llvmpipe", "system"),
    adapter("SwiftShader", "bundled"),
    adapter("H100", "gpu"),
    adapter("Arc", "gpu"),
  ];

  it("prefers hardware, then an installed driver, then the bundled one; the first of a kind", () => {
    expect(pick(all, {})?.info.name).toBe("H100");
    expect(pick(all.slice(0, 2), {})?.info.name).toBe("llvmpipe");
    expect(pick(all.slice(1, 2), {})?.info.name).toBe("SwiftShader");
    expect(pick([], {})).toBeUndefined();
  });

  it("keeps to the wanted kind and name, both at once", () => {
    expect(pick(all, { driver: "bundled" })?.info.name).toBe("SwiftShader");
    expect(pick(all, { adapter: "arc" })?.info.name).toBe("Arc");
    expect(pick(all, { adapter: "arc", driver: "system" })).toBeUndefined();
  });

  it("takes the one of an index among those that fit", () => {
    expect([0, 1, 3, 4].map((adapterIndex) => pick(all, { adapterIndex })?.info.name)).toEqual([
      "llvmpipe",
      "SwiftShader",
      "Arc",
      undefined,
    ]);
    expect(pick(all, { driver: "gpu", adapterIndex: 1 })?.info.name).toBe("Arc");
  });

  it("processes of one machine take its GPUs in turn, but share a software driver", () => {
    expect([0, 1, 2].map((localRank) => pick(all, { localRank })?.info.name)).toEqual(["H100", "Arc", "H100"]);
    expect(pick(all, { localRank: 1, adapter: "h100" })?.info.name).toBe("H100");
    expect(pick(all.slice(0, 2), { localRank: 1 })?.info.name).toBe("llvmpipe");
  });
});

describe("chooseAdapter", () => {
  it("falls through to the bundled driver when the installed one is refused, and says so in one line", async () => {
    const lines = stderrLines();
    const bundled = machine({ adapters: [adapter("SwiftShader", "bundled")] });
    const chosen = await chooseAdapter({}, { installed: machine({ refusals: [TOO_OLD] }), bundled });
    expect(chosen.info.type).toBe("bundled");
    expect(lines).toEqual([
      "unfold: the installed Vulkan driver cannot be used (Vulkan shaderUniform*ArrayDynamicIndexing required; " +
        "for Mesa, 23.1 or newer is needed): taking the slower bundled one\n",
    ]);
  });

  it("does not look at the bundled driver where a better one works", async () => {
    const bundled = vi.fn(machine({}));
    const chosen = await chooseAdapter(
      { driver: "gpu" },
      { installed: machine({ adapters: [adapter("H100", "gpu")] }), bundled },
    );
    expect(chosen.info.name).toBe("H100");
    expect(bundled).not.toHaveBeenCalled();
  });

  it("passes on messages that are neither harmless nor a refusal", async () => {
    const lines = stderrLines();
    await chooseAdapter(
      {},
      { installed: machine({ adapters: [adapter("H100", "gpu")], others: ["GPU is on fire"] }), bundled: machine({}) },
    );
    expect(lines).toEqual(["GPU is on fire\n"]);
  });

  it("names the refusal when nothing else is left", async () => {
    stderrLines();
    await expect(
      chooseAdapter({}, { installed: machine({ refusals: [TOO_OLD] }), bundled: machine({}) }),
    ).rejects.toThrow(`no WebGPU adapter was found (refused: ${TOO_OLD})`);
  });

  it("refuses an adapter whose WGSL lacks immediates", async () => {
    const old = { ...adapter("H100", "gpu"), gpu: { wgslLanguageFeatures: new Set() } as unknown as GPU };
    await expect(
      chooseAdapter({ driver: "gpu" }, { installed: machine({ adapters: [old] }), bundled: machine({}) }),
    ).rejects.toThrow("H100 lacks the WGSL feature immediate_address_space");
  });
});

describe("readMessages", () => {
  it("sorts harmless start-up warnings, refusals and the rest", () => {
    const text = [
      "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.",
      `Warning: ${TOO_OLD}`,
      " - While initializing adapter (backend=BackendType::Vulkan)",
      "    at InitializeImpl (PhysicalDeviceVk.cpp:257)",
      "",
      "Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER",
      "    at CheckVkSuccessImpl (VulkanError.cpp:106)",
      "",
      "Error: something that matters",
      "",
    ].join("\n");
    expect(readMessages(text + text)).toEqual({ refusals: [TOO_OLD], others: ["Error: something that matters"] });
  });
});

describe("missingForGpu", () => {
  const healthy: DriverFacts = {
    platform: "linux",
    loader: "system",
    cards: ["NVIDIA"],
    icdFiles: [],
    strayIcdFiles: [],
    refusals: [],
  };
  const icd = "/usr/share/vulkan/icd.d/nvidia_icd.json";

  it("is empty without a graphics card", () => {
    expect(missingForGpu({ ...healthy, cards: [] })).toEqual([]);
  });

  it.each([
    [
      "the loader",
      { loader: "none" as const, icdFiles: [icd] },
      "there is no Vulkan loader (libvulkan.so.1): install libvulkan1",
    ],
    ["the ICD file", {}, "the NVIDIA card has no Vulkan driver (no ICD file): install nvidia-vulkan-icd"],
    ["the ICD file's folder", { strayIcdFiles: ["/opt/nvidia_icd.json"] }, "set VK_DRIVER_FILES=/opt/nvidia_icd.json"],
    [
      "a newer driver",
      { icdFiles: [icd], refusals: ["Vulkan 1.1 required"] },
      "gives no adapter (Vulkan 1.1 required): it is too old",
    ],
    [
      "the AMD driver",
      { cards: ["AMD" as const], icdFiles: [icd] },
      "the AMD card has no Vulkan driver (no ICD file): install mesa-vulkan-drivers",
    ],
  ])("names what is missing: %s", (_, facts, expected) => {
    expect(missingForGpu({ ...healthy, ...facts }).join("\n")).toContain(expected);
  });
});
