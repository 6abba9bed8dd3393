import { afterAll, beforeAll, expect, it } from "vitest";
import { openDevice, type Device } from "../../../engine/device.ts";
import { Parameters } from "../../../engine/parameters.ts";
import { expectSame, onAnyRank, type Common } from "../../../train/parallel/agreement.ts";
import { broadcastWeights, expectSameWeights } from "../../../train/parallel/weights.ts";
import { each } from "./in_memory.ts";

let device: Device;
beforeAll(async () => void (device = await openDevice()));
afterAll(() => device?.close());

it("what holds on one rank, all know", async () => {
  expect(await each(3, (ranks) => onAnyRank(ranks, ranks.rank === 2))).toEqual([true, true, true]);
  expect(await each(3, (ranks) => onAnyRank(ranks, false))).toEqual([false, false, false]);
});

const COMMON: Common = {
  version: "1.2.3",
  data: "digest",
  config: { seed: 1, optimizer: { weight_decay: 0.1 }, data: { train: "/here/train.jsonl" } },
};

it.each<[string, Partial<Common>]>([
  ["unfold 1.2.4, not 1.2.3", { version: "1.2.4" }],
  [
    "optimizer.weight_decay is 0.5, not 0.1",
    { config: { ...COMMON.config, optimizer: { weight_decay: 0.5 } }, data: "other" },
  ],
  ["the training set has other utterances", { data: "other" }],
])("a rank that was started with something else: %s", async (difference, other) => {
  const outcomes = await each(3, (ranks) => expectSame(ranks, ranks.rank === 1 ? { ...COMMON, ...other } : COMMON));
  const others = (rank: number): string =>
    `UserError: rank 1 was started with something else than rank ${rank}, so they cannot train together`;
  expect(outcomes).toEqual([others(0), `${others(0)}: ${difference}`, others(2)]);
});

it("places of files may differ", async () => {
  const config = { ...COMMON.config, data: { train: "/there/train.jsonl" } };
  expect(await each(2, (ranks) => expectSame(ranks, ranks.rank === 1 ? { ...COMMON, config } : COMMON))).toEqual([
    undefined,
    undefined,
  ]);
});

it("weights that differ are found, with rank and tensor; a broadcast mends them", async () => {
  const found = await each(2, async (ranks) => {
    const parameters = new Parameters();
    for (const name of ["a", "b", "c"]) parameters.add(name, [3], { init: (i, key) => i + (key % 7) });
    parameters.addBuffer("mean", [2], () => ranks.rank);
    parameters.seal(device, { seed: 1 });
    const check = (step: number): Promise<string> =>
      expectSameWeights(parameters, ranks, step).then(
        () => "same",
        (error: Error) => error.message,
      );
    const texts = [await check(1)];
    await broadcastWeights(device, parameters, ranks);
    texts.push(await check(2));
    if (ranks.rank === 1) parameters.write("b", Float32Array.of(1, 2, 4));
    texts.push(await check(3));
    parameters.release();
    return texts;
  });
  const why = "the ranks' devices or drivers compute different results";
  const texts = [
    `after step 1 the weights of rank 1 are not those of rank 0, first in mean: ${why}`,
    "same",
    `after step 3 the weights of rank 1 are not those of rank 0, first in b: ${why}`,
  ];
  expect(found).toEqual([texts, texts]);
});
