import { hostname } from "node:os";
import type { AdapterDescription } from "../../engine/adapter.ts";
import type { Device } from "../../engine/device.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { packageVersion } from "../package_version.ts";
import { expectSame } from "./agreement.ts";
import type { Communicator } from "./communicator.ts";
import { ofAllRanks } from "./values.ts";
import { broadcastWeights } from "./weights.ts";

/** What a rank is about to train. */
export interface Joining {
  /** As `plainConfig` writes it. */
  readonly config: object;
  /** Digest of the training set. */
  readonly data: string;
  readonly parameters: Parameters;
}

/**
 * Makes sure that all ranks train the same model with the same data, and gives them rank 0's weights.
 *
 * @returns warnings, equal on all ranks
 * @throws UserError on every rank if one was started with something else
 */
export async function joinRanks(
  device: Device,
  ranks: Communicator,
  { config, data, parameters }: Joining,
): Promise<string[]> {
  if (ranks.size === 1) return [];
  await expectSame(ranks, { version: packageVersion(), data, config });
  await broadcastWeights(device, parameters, ranks);
  const { name, type } = device.info;
  const used = { host: hostname(), name, type, card: process.env["DRI_PRIME"] };
  return sharedDevices(await ofAllRanks(ranks, used));
}

interface UsedDevice extends Pick<AdapterDescription, "name" | "type"> {
  readonly host: string;
  /** What the Vulkan loader was told, where that tells cards of one name apart. */
  readonly card?: string | undefined;
}

/** One warning for each GPU that several ranks use: there, each waits for the other. Software drivers share a machine's cores anyway. */
export function sharedDevices(used: readonly UsedDevice[]): string[] {
  const keys = used.map((one) => JSON.stringify([one.host, one.name, one.card]));
  return used.flatMap(({ host, name, type }, rank) => {
    const ranks = [...keys.keys()].filter((other) => keys[other] === keys[rank]);
    if (type !== "gpu" || ranks.length === 1 || ranks[0] !== rank) return [];
    return [
      `ranks ${ranks.join(", ")} use one GPU of ${host}, ${name}, and wait for each other there: start as many processes as there are GPUs, ` +
        "or choose with --adapter-index or DRI_PRIME",
    ];
  });
}
