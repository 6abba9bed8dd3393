import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";

/** How much device memory there is, and who says so. */
export interface MemoryLimit {
  readonly bytes: number;
  readonly source: string;
}

const GIB = 2 ** 30;
const MIB = 2 ** 20;

/**
 * What a run may take: the config's limit, else the memory that is free now. A software driver computes in the machine's
 * own memory, of which a container may have a part. WebGPU tells nothing of a card's memory, so for NVIDIA's cards nvidia-smi
 * is asked, and for AMD's on Linux the kernel. Null where nobody tells.
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

/** Of the machine, or of the container that this process may use; which of them only Node 20.13 and later tells. */
const freeMemory = (): number =>
  (process as Partial<Pick<NodeJS.Process, "availableMemory">>).availableMemory?.() ?? freemem();

/** Bytes by NVIDIA's own tool; null where it is not installed or does not answer. */
function freeOfNvidia(name: string): number | null {
  const { stdout, status } = spawnSync(
    "nvidia-smi",
    ["--query-gpu=name,memory.free", "--format=csv,noheader,nounits"],
    { encoding: "utf8", timeout: 10_000 },
  );
  return status === 0 ? parseNvidiaSmi(stdout, name) : null;
}

/**
 * Of lines `NVIDIA H100 80GB HBM3, 81000` (MiB), the free bytes of the card of this name; of several such cards the
 * least, since nobody says which of them computes; null if there is none.
 */
export function parseNvidiaSmi(output: string, name: string): number | null {
  const cards = [...output.matchAll(/^(.+), (\d+)$/gmu)].filter(([, card]) => card === name || name.includes(card!));
  return cards.length === 0 ? null : Math.min(...cards.map(([, , free]) => Number(free) * MIB));
}

/** Bytes by Linux's amdgpu driver: of several cards the one with the most memory, which Dawn takes as well. */
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
