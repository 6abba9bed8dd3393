import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolders } from "./make_folders.ts";

/**
 * Has a folder of reproducible files filled unless all `files` are there. It is filled beside its place, then renamed, so that a
 * killed or concurrent process never leaves or sees half of it.
 *
 * @throws file system errors, and what `fill` throws
 */
export async function fillOnce(
  folder: string,
  files: readonly string[],
  fill: (scratch: string) => Promise<void>,
): Promise<void> {
  const complete = (): boolean => files.every((name) => existsSync(join(folder, name)));
  if (complete()) return;
  makeFolders(dirname(folder));
  const scratch = await mkdtemp(`${folder}-`);
  try {
    await fill(scratch);
    await rename(scratch, folder).catch(async (error: unknown) => {
      if (complete()) return; // another process was faster
      await rm(folder, { recursive: true, force: true }); // an earlier folder with files missing
      await rename(scratch, folder).catch(() => {
        throw error;
      });
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
