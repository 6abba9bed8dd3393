import type { Device } from "../../engine/device.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { packageVersion } from "../package_version.ts";
import { expectSame } from "./agreement.ts";
import type { Communicator } from "./communicator.ts";
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
 * @throws UserError on every rank if one was started with something else
 */
export async function joinRanks(
  device: Device,
  ranks: Communicator,
  { config, data, parameters }: Joining,
): Promise<void> {
  if (ranks.size === 1) return;
  await expectSame(ranks, { version: packageVersion(), data, config });
  await broadcastWeights(device, parameters, ranks);
}
