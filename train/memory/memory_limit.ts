import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";

/** How much device memory is available, and according to what. */
export interface MemoryLimit {
  readonly bytes: number;
  readonly source: string;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/**
 * The memory a run may use: the config's limit, otherwise what is free now. A software driver uses the machine's own
 * memory, of which a container may have only a part. WebGPU does not report a card's memory, so this asks nvidia-smi for
 * NVIDIA cards and the Linux kernel for AMD cards. Null if unknown.
 */
export function memoryLimit(
  { info, isSoftware, pool }: Pick<Device, "info" | "isSoftware" | "pool">,
  limitGib: number | null,
): MemoryLimit | null {
  if (limitGib !== null) return { bytes: limitGib * GIB, source: "memory.limit_gib" };
  const ours = pool.statistics.allocatedBytes; // of an earlier run on the same device
  if (isSoftware) return { bytes: freeMemory() + ours, source: "free memory of this machine" };
  const free = info.vendor === "nvidia" ? freeOfNvidia(info.name) : info.vendor === "amd" ? freeOfAmd() : null;
  return free === null ? null : { bytes: free + ours, source: `free memory of ${info.name}` };
}

/** Free memory of the machine or, with Node 20.13 and later, of the container this process runs in. */
export const freeMemory = (): number =>
  (process as Partial<Pick<NodeJS.Process, "availableMemory">>).availableMemory?.() ?? freemem();

/** Free bytes according to nvidia-smi; null if it is not installed or does not answer. */
function freeOfNvidia(name: string): number | null {
  const { stdout, status } = spawnSync(
    "nvidia-smi",
    ["--query-gpu=name,memory.free", "--format=csv,noheader,nounits"],
    { encoding: "utf8", timeout: 10_000 },
  );
  return status === 0 ? parseNvidiaSmi(stdout, name) : null;
}

/**
 * The free bytes of the card with this name, from lines such as `NVIDIA H100 80GB HBM3, 81000` (MiB). With several such
 * cards the least, since it is unknown which one computes; null if there is none.
 */
export function parseNvidiaSmi(output: string, name: string): number | null {
  const cards = [...output.matchAll(/^(.+), (\d+)$/gmu)].filter(([, card]) => card === name || name.includes(card!));
  return cards.length === 0 ? null : Math.min(...cards.map(([, , free]) => Number(free) * MIB));
}

/** Free bytes according to Linux's amdgpu driver: of several cards the one with the most memory, which Dawn picks as well. */
function freeOfAmd(): number | null {
  const folder = "/sys/class/drm";
  try {
    const cards = readdirSync(folder)
      .filter((name) => /^card\d+$/u.test(name))
      .flatMap((name) => {
        const [total, used] = ["total", "used"].map((what) =>
          Number(readFileSync(join(folder, name, "device", `mem_info_vram_${what}`), "utf8")),
        );
        return total && used !== undefined ? { total, free: total - used } : [];
      });
    return cards.sort((a, b) => b.total - a.total)[0]?.free ?? null;
  } catch {
    return null;
  }
}
