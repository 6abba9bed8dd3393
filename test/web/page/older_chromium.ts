import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { bundledArchives, unpackDriver } from "../../../engine/node/bundled_driver.ts";
import { cacheFolder } from "../../../engine/node/cache_folder.ts";
import { fillOnce } from "../../../engine/node/fill_once.ts";

/** The file of a browser, or why there is none. */
export type OlderChromium = { readonly file: string; readonly missing?: never } | { readonly missing: string };

/**
 * Chromium 138, of which the package `@sparticuz/chromium` has the whole browser besides the driver, unpacked to the user's cache
 * folder at first use (200 MB). It looks for its drivers beside itself only, so those of the archive are unpacked once more.
 */
export async function olderChromium(): Promise<OlderChromium> {
  if (process.platform !== "linux" || process.arch !== "x64") return { missing: "there is one for Linux x64 only" };
  const archives = bundledArchives();
  if (archives === undefined) return { missing: "the optional package @sparticuz/chromium is not installed" };
  const folder = join(cacheFolder(), `chromium-${archives.version}`);
  await fillOnce(folder, ["chromium", "libvk_swiftshader.so"], async (scratch) => {
    const browser = createWriteStream(join(scratch, "chromium"), { mode: 0o755 });
    await pipeline(createReadStream(join(archives.folder, "chromium.br")), createBrotliDecompress(), browser);
    await unpackDriver(archives.folder, scratch);
  });
  const file = join(folder, "chromium");
  const { status, stderr, error } = spawnSync(file, ["--version"], { encoding: "utf8" });
  if (status === 0) return { file };
  const library = /(\S+): cannot open shared object file/u.exec(stderr)?.[1];
  if (library === undefined && error === undefined) throw new Error(`${file} does not start: ${stderr}`);
  return { missing: library ? `${library} is not installed` : `it cannot run here: ${error!.message}` };
}
