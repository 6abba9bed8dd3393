// All that the engine needs of the place where it runs, in Node; nothing else in it knows of files, drivers or processes.
import { readFileSync } from "node:fs";

export { chooseAdapter } from "../node/adapter.ts";
export { collectGarbage } from "../node/garbage.ts";
export { findTable } from "../node/tuned_table.ts";
export { waitFor } from "../node/wait.ts";

/** The text of a shader, or of a part of one. Throws where it cannot be read. */
export const readText = (file: URL): string => readFileSync(file, "utf8");
