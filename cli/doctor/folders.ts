import { existsSync } from "node:fs";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatBytes } from "../../data/text/number_format.ts";
import type { Finding } from "./finding.ts";

/** The corpus of `unfold start`, its features and its run take less than half of this. */
const LEAST_SPACE = 2 ** 30;

/** Whether a folder, or the nearest one above it that exists, can be written to and has space. Nothing is left behind. */
export async function examineFolder(name: string, folder: string, remedy: string): Promise<Finding> {
  const existing = nearest(folder);
  try {
    const scratch = await mkdtemp(join(existing, ".unfold-doctor-"));
    await writeFile(join(scratch, "file"), "x").finally(() => rm(scratch, { recursive: true, force: true }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { name, verdict: "fault", found: `${folder} cannot be written to (${code})`, remedy };
  }
  const { bavail, bsize } = await statfs(existing);
  const free = Number(bavail) * Number(bsize);
  return free >= LEAST_SPACE
    ? { name, verdict: "fine", found: `${folder}, ${formatBytes(free)} free` }
    : {
        name,
        verdict: "note",
        found: `${folder} has ${formatBytes(free)} free, and examples want ${formatBytes(LEAST_SPACE)}`,
        remedy: `make room, or ${remedy}`,
      };
}

const nearest = (folder: string): string =>
  existsSync(folder) || dirname(folder) === folder ? folder : nearest(dirname(folder));
