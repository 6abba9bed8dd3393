import { createReadStream, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { cacheFolder } from "./cache_folder.ts";
import { RunError, SEE_DOCTOR } from "../errors.ts";
import { fillOnce } from "./fill_once.ts";

/** SwiftShader, a Vulkan driver for CPUs, unpacked to a folder. */
export interface BundledDriver {
  /** The driver's manifest, for VK_ICD_FILENAMES. */
  icd: string;
  /** A Vulkan loader, for machines that have none. */
  loader: string;
}

const FILES = ["vk_swiftshader_icd.json", "libvk_swiftshader.so", "libvulkan.so.1"];

/**
 * The driver that `npm ci` installs inside the package `@sparticuz/chromium`, unpacked to the user's cache folder at first use
 * (7 MB). Undefined on platforms other than Linux x64, or if it was left out with `npm ci --omit=optional`. Throws RunError if the
 * cache folder is not writable.
 */
export async function bundledDriver(): Promise<BundledDriver | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const archives = bundledArchives();
  if (archives === undefined) return undefined;
  const folder = join(cacheFolder(), `swiftshader-${archives.version}`);
  try {
    await fillOnce(folder, FILES, (scratch) => unpackDriver(archives.folder, scratch, FILES));
  } catch (error) {
    throw new RunError(
      `the bundled driver could not be unpacked to ${folder} (${(error as Error).message}); ` +
        `set UNFOLD_CACHE to a writable folder${SEE_DOCTOR}`,
    );
  }
  return { icd: join(folder, "vk_swiftshader_icd.json"), loader: join(folder, "libvulkan.so.1") };
}

/** The folder of archives in the package `@sparticuz/chromium`. Undefined if the package was left out. */
export function bundledArchives(): { folder: string; version: string } | undefined {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  } catch {
    return undefined;
  }
  const root = join(dirname(entry), "..", ".."); // the entry is build/cjs/index.cjs
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { folder: join(root, "bin"), version };
}

/** Unpacks those files of the archive `swiftshader.tar.br` that `wanted` names, or all. */
export async function unpackDriver(archives: string, folder: string, wanted?: readonly string[]): Promise<void> {
  const { extract } = await import("tar-fs");
  const options = {
    chown: false, // otherwise root would keep the archive's owner, who is unknown here
    ignore: (_: string, header?: { name: string }) => wanted !== undefined && !wanted.includes(header?.name ?? ""),
  };
  const archive = createReadStream(join(archives, "swiftshader.tar.br"));
  await pipeline(archive, createBrotliDecompress(), extract(folder, options));
}
