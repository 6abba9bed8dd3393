import { expect, it } from "vitest";
import { release } from "../../../engine/tensor.ts";
import { tensor } from "../../../engine/transfer.ts";
import { meanOf, MetricsRing } from "../../../train/log/metrics_ring.ts";
import { testDevice } from "../../test_device.ts";

const device = testDevice();
const one = (value: number) => tensor(device(), [value], [1]);

it("gives the rows since the last drain, oldest first, each with the numbers that it was given", async () => {
  const ring = new MetricsRing(device(), ["loss", "kl", "norm"], 3);
  ring.push({ loss: one(1), kl: one(2) });
  ring.push({ loss: one(3), kl: one(4), norm: one(5) });
  expect(await ring.drain()).toEqual([
    { loss: 1, kl: 2 },
    { loss: 3, kl: 4, norm: 5 },
  ]);
  // In the place of the first row: what it does not have is not that row's.
  ring.push({ norm: one(6) });
  expect(await ring.drain()).toEqual([{ norm: 6 }]);
  expect(await ring.drain()).toEqual([]);
  ring.release();
});

it("keeps a value though its tensor is given back and written over", async () => {
  const ring = new MetricsRing(device(), ["loss"], 2);
  const x = one(7);
  ring.push({ loss: x });
  release(x);
  const y = one(8);
  expect(y.storage.buffer).toBeDefined();
  expect(await ring.drain()).toEqual([{ loss: 7 }]);
  ring.release();
});

it("refuses more rows than it has", () => {
  const ring = new MetricsRing(device(), ["loss"], 1);
  ring.push({});
  expect(() => ring.push({})).toThrow("MetricsRing: more than 1 rows without a drain");
  ring.release();
});

it("means are over the rows that have the number", () => {
  const rows = [{ loss: 1, norm: 8 }, { loss: 2 }, { loss: 6 }];
  expect(["loss", "norm", "kl"].map((name) => meanOf(rows, name))).toEqual([3, 8, 0]);
});
