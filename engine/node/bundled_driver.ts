import { createReadStream, existsSync, readFileSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { cacheFolder } from "./cache_folder.ts";
import { RunError, SEE_DOCTOR } from "../errors.ts";
import { makeFolders } from "./make_folders.ts";

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
  const archive = findArchive();
  if (archive === undefined) return undefined;
  const folder = join(cacheFolder(), `swiftshader-${archive.version}`);
  if (!FILES.every((name) => existsSync(join(folder, name)))) await unpack(archive.path, folder);
  return { icd: join(folder, "vk_swiftshader_icd.json"), loader: join(folder, "libvulkan.so.1") };
}

function findArchive(): { path: string; version: string } | undefined {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  } catch {
    return undefined;
  }
  const root = join(dirname(entry), "..", ".."); // the entry is build/cjs/index.cjs
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return { path: join(root, "bin", "swiftshader.tar.br"), version };
}

/** Unpacks beside the target, then renames, so that a killed or concurrent process never leaves or sees half a driver. */
async function unpack(archive: string, folder: string): Promise<void> {
  try {
    const { extract } = await import("tar-fs");
    makeFolders(dirname(folder));
    const scratch = await mkdtemp(`${folder}-`);
    try {
      const onlyTheDriver = {
        chown: false, // otherwise root would keep the archive's owner, who is unknown here
        ignore: (_: string, header?: { name: string }) => !FILES.includes(header?.name ?? ""),
      };
      await pipeline(createReadStream(archive), createBrotliDecompress(), extract(scratch, onlyTheDriver));
      await rename(scratch, folder).catch(async (error: unknown) => {
        if (FILES.every((name) => existsSync(join(folder, name)))) return; // another process was faster
        await rm(folder, { recursive: true, force: true }); // an earlier folder with files missing
        await rename(scratch, folder).catch(() => {
          throw error;
        });
      });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  } catch (error) {
    throw new RunError(
      `the bundled driver could not be unpacked to ${folder} (${(error as Error).message}); ` +
        `set UNFOLD_CACHE to a writable folder${SEE_DOCTOR}`,
    );
  }
}
