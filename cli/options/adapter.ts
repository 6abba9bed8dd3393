import { Option, type Command } from "commander";
import type { AdapterOptions } from "../../engine/adapter.ts";

/** Adds `--adapter` and `--driver`, for every verb that computes; its action receives them as AdapterOptions. */
export function addAdapterOptions(command: Command): Command {
  return command
    .addOption(new Option("--adapter <substring>", "use the adapter whose name contains this (or set UNFOLD_ADAPTER)"))
    .addOption(
      new Option("--driver <kind>", "use only adapters of this kind (or set UNFOLD_DRIVER)").choices([
        "gpu",
        "system",
        "bundled",
      ]),
    );
}

/** Picks the two options out of a verb's options. */
export const adapterOptions = ({ adapter, driver }: AdapterOptions): AdapterOptions => ({ adapter, driver });
