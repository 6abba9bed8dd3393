import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { atFixedDepth } from "../../../checkpoint/export/fixed_depth.ts";
import { decoderSchedule, scheduleOf } from "../../../config/depths.ts";
import { inspectCheckpoint } from "../../../train/memory/inspect.ts";
import { testDevice } from "../../test_device.ts";
import { sampleCheckpoint } from "./sample_checkpoint.ts";

const device = testDevice();
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-unfolded-decoder-"))));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["proportional", "repeat", [0, 0, 1, 1]],
  ["5", "cycle", [0, 1, 0, 1, 0]],
])("at one depth, a decoder unfolded %s in %s order is that of the depth", async (decoder, order, expected) => {
  const { checkpoint, config } = await sampleCheckpoint(
    device(),
    folder,
    "model.decoder={blocks: 2, feed_forward_dim: 16}",
    `unfold.decoder=${decoder}`,
    `unfold.order=${order}`,
  );
  const fixed = atFixedDepth(checkpoint, config, { depth: 4, schedule: scheduleOf(config, 4) });
  expect(decoderSchedule(config, 4)).toEqual(expected);
  expect(decoderSchedule(fixed.config, 4)).toEqual(expected);
  const deep = inspectCheckpoint(device(), checkpoint).depths.at(-1)!;
  expect(fixed.untied).toBe(deep.untied.whole);
});
