import type { AdapterOptions } from "../../engine/adapter.ts";
import { cacheFolder } from "../../engine/node/cache_folder.ts";
import { examineCores, examineMemory, examineNode } from "./computer.ts";
import { examineAdapters } from "./drivers.ts";
import { examineFolder } from "./folders.ts";
import type { Finding } from "./finding.ts";

/** Looks at everything that training on this machine needs. Throws nothing: what fails is a finding. */
export async function examine(options: AdapterOptions): Promise<Finding[]> {
  return [
    examineNode(process.versions.node),
    ...(await examineAdapters(options)),
    await examineFolder("cache folder", cacheFolder(), "set UNFOLD_CACHE to a folder that can be written to"),
    await examineFolder(
      "working folder",
      process.cwd(),
      "change to a folder that can be written to, or name one with --out",
    ),
    examineMemory(),
    examineCores(),
  ];
}
