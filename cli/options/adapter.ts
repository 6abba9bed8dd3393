import { Option, type Command } from "commander";
import type { AdapterOptions } from "../../engine/adapter.ts";
import { UserError } from "../../engine/errors.ts";

/** Adds `--adapter`, `--driver` and `--adapter-index`, for every verb that computes; its action receives them as AdapterOptions. */
export function addAdapterOptions(command: Command): Command {
  return command
    .addOption(new Option("--adapter <substring>", "use the adapter whose name contains this (or set UNFOLD_ADAPTER)"))
    .addOption(
      new Option("--driver <kind>", "use only adapters of this kind (or set UNFOLD_DRIVER)").choices([
        "gpu",
        "system",
        "bundled",
      ]),
    )
    .addOption(
      new Option(
        "--adapter-index <number>",
        "use this one of the adapters that fit, from 0 as unfold devices lists them",
      ).argParser(parseIndex),
    );
}

function parseIndex(text: string): number {
  if (!/^\d{1,3}$/u.test(text)) throw new UserError(`--adapter-index: expected a whole number from 0, got '${text}'`);
  return Number(text);
}

/**
 * Picks these options out of a verb's options.
 *
 * @param localRank of one of several processes on this machine
 */
export const adapterOptions = (
  { adapter, driver, adapterIndex }: AdapterOptions,
  { localRank }: Pick<AdapterOptions, "localRank"> = {},
): AdapterOptions => ({
  adapter,
  driver,
  adapterIndex,
  localRank: process.env["DRI_PRIME"] ? undefined : localRank, // the Vulkan loader has been told which card is first
});
