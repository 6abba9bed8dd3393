import { RunError } from "../../engine/errors.ts";
import type { Device } from "../../engine/device.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { read } from "../../engine/transfer.ts";
import { digestOfValues } from "./agreement.ts";
import type { Communicator } from "./communicator.ts";

/** Gives all ranks rank 0's weights, moments and buffers. */
export async function broadcastWeights(device: Device, parameters: Parameters, ranks: Communicator): Promise<void> {
  const tensors = [
    ...(["values", "firstMoment", "secondMoment"] as const).map((flat) => parameters.whole(flat)),
    ...parameters.buffers.map(({ tensor }) => tensor),
  ];
  for (const tensor of tensors) {
    const values = (await read(device, tensor)) as Float32Array;
    await ranks.broadcast(values);
    if (ranks.rank > 0) device.recorder.upload(values, tensor.storage.buffer, tensor.offset);
  }
  parameters.roundToHalf();
  await device.finish();
}

/**
 * Compares all ranks' weights with rank 0's, by digests.
 *
 * @throws RunError on every rank if any differs, naming the rank and the first tensor
 */
export async function expectSameWeights(parameters: Parameters, ranks: Communicator, step: number): Promise<void> {
  const all = [...(await parameters.read("values"))];
  const own = Float64Array.from(all, ([, { values }]) => digestOfValues(values));
  const roots = own.slice();
  await ranks.broadcast(roots);
  const at = own.findIndex((digest, i) => digest !== roots[i]);
  const first = new Float64Array(ranks.size); // of the tensors that differ, counted from 1
  first[ranks.rank] = at + 1;
  await ranks.allReduce(first);
  const rank = first.findIndex((tensor) => tensor > 0);
  if (rank >= 0)
    throw new RunError(
      `after step ${step} the weights of rank ${rank} are not those of rank 0, first in ${(all[(first[rank] as number) - 1] as [string, unknown])[0]}: ` +
        "the ranks' devices or drivers compute different results",
    );
}
