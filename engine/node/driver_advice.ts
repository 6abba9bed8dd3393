import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import type { DriverKind } from "../adapter.ts";
import type { FoundAdapters } from "./drivers.ts";

/** The operating system's view of graphics cards and Vulkan drivers, whether or not they work. */
export interface DriverFacts {
  platform: NodeJS.Platform;
  loader: FoundAdapters["loader"];
  /** Vendors of this machine's graphics cards. */
  cards: Card[];
  /** Manifests of Vulkan drivers ("installable client drivers") that the loader reads. */
  icdFiles: string[];
  /** Manifests installed where the loader does not look. */
  strayIcdFiles: string[];
  /** Why Dawn rejected drivers. */
  refusals: string[];
}

type Card = "NVIDIA" | "AMD" | "Intel";

const DRIVERS: Record<Card, { icd: RegExp; install: string }> = {
  NVIDIA: {
    icd: /nvidia/,
    install:
      "nvidia-vulkan-icd (Debian) or libnvidia-gl (Ubuntu) of the kernel driver's version; in a container, set NVIDIA_DRIVER_CAPABILITIES=all",
  },
  AMD: { icd: /radeon|amd/, install: "mesa-vulkan-drivers (Debian, Ubuntu, Fedora) or vulkan-radeon (Arch)" },
  Intel: { icd: /intel/, install: "mesa-vulkan-drivers (Debian, Ubuntu, Fedora) or vulkan-intel (Arch)" },
};

const LOADER_PACKAGE = "libvulkan1 (Debian, Ubuntu), vulkan-loader (Fedora) or vulkan-icd-loader (Arch)";

export function driverFacts(found: FoundAdapters): DriverFacts {
  const linux = process.platform === "linux";
  return {
    platform: process.platform,
    loader: found.loader,
    cards: linux ? graphicsCards() : [],
    icdFiles: linux ? icdFiles() : [],
    strayIcdFiles: linux ? listJson("/usr/local/nvidia/share/vulkan/icd.d") : [],
    refusals: found.refusals,
  };
}

/**
 * What this machine lacks to use its graphics cards, one sentence each, with the package to install. Call it if no hardware adapter
 * was found; empty if there is no card.
 */
export function missingForGpu(facts: DriverFacts): string[] {
  if (facts.cards.length === 0) return [];
  const advice: string[] = [];
  if (facts.loader === "none" || facts.loader === "bundled") {
    advice.push(`there is no Vulkan loader (libvulkan.so.1): install ${LOADER_PACKAGE}`);
  }
  for (const card of facts.cards) {
    const { icd, install } = DRIVERS[card];
    const stray = facts.strayIcdFiles.find((path) => icd.test(path));
    if (facts.icdFiles.some((path) => icd.test(path))) {
      const reason = facts.refusals.length > 0 ? ` (${facts.refusals.join("; ")})` : "";
      advice.push(
        `the ${card} card's Vulkan driver is installed but gives no adapter${reason}: it is too old or does not match the kernel's driver; update ${install}`,
      );
    } else if (stray !== undefined) {
      advice.push(
        `the ${card} card's ICD file is in a folder that Vulkan loaders do not search: set VK_DRIVER_FILES=${stray}`,
      );
    } else {
      advice.push(`the ${card} card has no Vulkan driver (no ICD file): install ${install}`);
    }
  }
  return advice;
}

/** Advice, as a clause of the error for a missing adapter or adapter kind. */
export function installAdvice(facts: DriverFacts, wanted?: DriverKind): string {
  if (facts.platform === "darwin") return "a Mac with a Metal-capable GPU is needed";
  if (facts.platform === "win32") return "install or update the graphics driver (Direct3D 12 is needed)";
  if (wanted === "gpu" && facts.cards.length === 0) return "no graphics card was detected";
  const gpu = wanted === "system" ? undefined : missingForGpu(facts)[0];
  return (
    gpu ??
    "install a Vulkan driver (apt-get install mesa-vulkan-drivers; Mesa 23.1 or newer), or reinstall unfold with its optional packages, which include one"
  );
}

function graphicsCards(): Card[] {
  const cards = new Set<Card>();
  if (existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidia0")) cards.add("NVIDIA");
  if (!existsSync("/dev/dri")) return [...cards];
  for (const entry of list("/sys/class/drm").filter((name) => /^card\d+$/.test(name))) {
    const vendor = read(`/sys/class/drm/${entry}/device/vendor`);
    if (vendor === "0x10de") cards.add("NVIDIA");
    if (vendor === "0x1002") cards.add("AMD");
    if (vendor === "0x8086") cards.add("Intel");
  }
  return [...cards];
}

/** Follows the loader's search: the overriding variables, or else `vulkan/icd.d` in the configuration and data folders. */
function icdFiles(env: NodeJS.ProcessEnv = process.env): string[] {
  const named = env.VK_DRIVER_FILES ?? env.VK_ICD_FILENAMES;
  if (named) return named.split(delimiter).filter((path) => existsSync(path));
  const folders = [
    env.XDG_CONFIG_HOME || join(homedir(), ".config"),
    ...(env.XDG_CONFIG_DIRS || "/etc/xdg").split(delimiter),
    "/etc",
    env.XDG_DATA_HOME || join(homedir(), ".local", "share"),
    ...(env.XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(delimiter),
  ];
  return folders.flatMap((folder) => listJson(join(folder, "vulkan", "icd.d")));
}

const listJson = (folder: string): string[] =>
  list(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(folder, name));

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
