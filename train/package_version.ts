import { readFileSync } from "node:fs";

/** The version in the package's own package.json: beside this folder, and beside `dist/` once compiled. */
export function packageVersion(): string {
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      /* try the other one */
    }
  }
  return "unknown";
}
