import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cardOf, graphicsCards, selecting } from "../../../engine/node/graphics_cards.ts";

/** Devices as Linux lists them: a network card, a graphics card that is built in, and two cards of one kind. */
const DEVICES: Record<string, [kind: string, vendor: string, device: string]> = {
  "0000:00:01.0": ["0x020000", "0x8086", "0x1533"],
  "0000:00:02.0": ["0x030000", "0x1a03", "0x2000"],
  "0000:65:00.0": ["0x030200", "0x10de", "0x2335"],
  "0000:b3:00.0": ["0x030200", "0x10de", "0x2335"],
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-pci-"));
  for (const [address, values] of Object.entries(DEVICES)) {
    mkdirSync(join(folder, address));
    ["class", "vendor", "device"].forEach((name, i) => writeFileSync(join(folder, address, name), `${values[i]}\n`));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

it("processes of one machine take its cards of one kind in turn, by their PCI addresses", () => {
  const cards = graphicsCards(folder);
  expect(cards.map(({ address }) => address)).toEqual(["0000:00:02.0", "0000:65:00.0", "0000:b3:00.0"]);
  const taken = [0, 1, 2].map((localRank) => cardOf({ localRank, localSize: 3 }, cards, {}));
  expect(taken.map((card) => card?.address)).toEqual(["0000:65:00.0", "0000:b3:00.0", "0000:65:00.0"]);
  expect(selecting(taken[1]!)).toEqual({ DRI_PRIME: "pci-0000_b3_00_0" });
});

it("nothing is chosen for one process, for cards of different kinds, or against the user's choice", () => {
  const cards = graphicsCards(folder);
  const place = { localRank: 1, localSize: 2 };
  expect(cardOf({ localRank: 0, localSize: 1 }, cards, {})).toBeUndefined();
  expect(cardOf(place, cards.slice(0, 2), {})).toBeUndefined();
  expect(cardOf(place, cards, { DRI_PRIME: "1" })).toBeUndefined();
  expect(graphicsCards(join(folder, "nowhere"))).toEqual([]);
});
