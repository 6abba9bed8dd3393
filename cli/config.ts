import type { Command } from "commander";
import { configReference } from "../config/reference.ts";

export function register(program: Command): void {
  program
    .command("config")
    .description("Print every key of a training config with its default and meaning, as Markdown.")
    .action(() => {
      process.stdout.write(configReference());
    });
}
