import { readdirSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { UserError } from "../engine/errors.ts";
import { configReference } from "../config/reference.ts";

/** Beside the sources and, in a package, in `dist/`. */
const PRESETS = new URL("../examples/presets/", import.meta.url);

export function register(program: Command): void {
  program
    .command("config")
    .argument("[preset]", `a ready-made config to print instead: ${presetNames().join(", ")}`)
    .description(
      "Print every key of a training config with its default and meaning, as Markdown; or a preset, to save as a file and adapt.",
    )
    .action((preset: string | undefined) => {
      process.stdout.write(preset === undefined ? configReference() : readPreset(preset));
    });
}

const presetNames = (): string[] =>
  readdirSync(PRESETS)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .sort();

function readPreset(name: string): string {
  const names = presetNames();
  if (!names.includes(name)) throw new UserError(`there is no preset '${name}': expected one of ${names.join(", ")}`);
  return readFileSync(new URL(`${name}.yaml`, PRESETS), "utf8");
}
