import { availableParallelism } from "node:os";
import { freeMemory } from "../../train/memory/memory_limit.ts";
import { formatBytes } from "../../data/text/number_format.ts";
import type { Finding } from "./finding.ts";

/** As in package.json's `engines`. */
const OLDEST_NODE = 20;

/** Less than this is too little for the examples. */
const LEAST_MEMORY = 2 * 2 ** 30;

export function examineNode(version: string): Finding {
  const major = Number(version.split(".")[0]);
  return major >= OLDEST_NODE
    ? { name: "Node", verdict: "fine", found: version }
    : {
        name: "Node",
        verdict: "fault",
        found: `${version}, which is older than ${OLDEST_NODE}`,
        remedy: "install a newer one from https://nodejs.org, or: npx -y node@22 node_modules/.bin/unfold ...",
      };
}

export function examineMemory(free: number = freeMemory()): Finding {
  const found = `${formatBytes(free)} free`;
  return free >= LEAST_MEMORY
    ? { name: "memory", verdict: "fine", found }
    : {
        name: "memory",
        verdict: "note",
        found: `${found}, little for training on a software driver`,
        remedy: "end other programs, or train with a smaller batch: --set batch.size=4",
      };
}

export function examineCores(cores: number = availableParallelism()): Finding {
  return {
    name: "cores",
    verdict: "fine",
    found: `${cores}: so many threads of a software driver, and up to so many that read audio`,
  };
}
