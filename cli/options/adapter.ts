import { Option, type Command } from "commander";
import type { AdapterOptions } from "../../engine/adapter.ts";

/** Adds `--adapter` and `--driver`, which every verb that computes takes; its action receives them as AdapterOptions. */
export function addAdapterOptions(command: Command): Command {
  return command
    .addOption(new Option("--adapter <substring>", "take the adapter whose name contains this (or UNFOLD_ADAPTER)"))
    .addOption(
      new Option("--driver <kind>", "take only adapters of this kind (or UNFOLD_DRIVER)").choices([
        "gpu",
        "system",
        "bundled",
      ]),
    );
}

/** The two options out of whatever else a verb's options hold. */
export const adapterOptions = ({ adapter, driver }: AdapterOptions): AdapterOptions => ({ adapter, driver });
