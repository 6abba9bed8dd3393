// One adapter for every contestant. unfold chooses it; the others are led to it through the environment: Vulkan's loader
// reads from VK_ICD_FILENAMES which driver to load, and the dynamic linker from LD_LIBRARY_PATH where a bundled loader is.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const DESCRIBE = fileURLToPath(new URL("./describe_adapter.mjs", import.meta.url));

/** Where drivers' manifests are, in the order of Vulkan's loader ("Loader and Driver Interface", section "Driver Discovery"). */
const MANIFEST_FOLDERS = [
  "/etc/vulkan/icd.d",
  "/usr/local/etc/vulkan/icd.d",
  "/usr/local/share/vulkan/icd.d",
  "/usr/share/vulkan/icd.d",
];

/**
 * @typedef {{ name: string, vendor: string, architecture: string, description: string, type: "gpu" | "system" | "bundled" }} Adapter
 * @param {{ adapter?: string, driver?: string }} wish as unfold's options of the same names
 * @returns {{ adapter: Adapter, environment: Record<string, string> }}
 * @throws Error with unfold's message where there is no such adapter
 */
export function findAdapter({ adapter, driver }) {
  const wish = { ...(adapter && { UNFOLD_ADAPTER: adapter }), ...(driver && { UNFOLD_DRIVER: driver }) };
  const { found, message } = describe(wish);
  if (!found) throw new Error(message);
  const { loader, bundled, name, vendor, architecture, description, type } = found;
  const environment = { ...driverEnvironment(found) };
  if (bundled && (type === "bundled" || loader === "bundled")) {
    environment.LD_LIBRARY_PATH = [dirname(bundled.loader), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  }
  return { adapter: { name, vendor, architecture, description, type }, environment };
}

/** Leaves the loader one driver: the one whose adapter has this name. A choice that the user has made stays. */
function driverEnvironment({ name, type, bundled }) {
  if (type === "bundled") return { VK_ICD_FILENAMES: bundled.icd, VK_DRIVER_FILES: bundled.icd };
  if (process.platform !== "linux" || process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return {};
  const manifests = MANIFEST_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder)
      .sort()
      .map((file) => join(folder, file)),
  );
  const manifest = manifests.find(
    (path) => describe({ UNFOLD_DRIVER: type, VK_ICD_FILENAMES: path }, name).found?.name === name,
  );
  return manifest === undefined ? {} : { VK_ICD_FILENAMES: manifest };
}

function describe(environment, ...names) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [DESCRIBE, ...names], {
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  const lines = stderr.trim().split("\n");
  return status === 0 ? { found: JSON.parse(stdout) } : { message: lines.at(-1) || "unfold found no adapter" };
}
