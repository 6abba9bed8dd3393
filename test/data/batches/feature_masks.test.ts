import { describe, expect, it } from "vitest";
import { featureMasks, masksOfRow, type MaskingConfig } from "../../../data/batches/feature_masks.ts";

const usual: MaskingConfig = {
  timeProb: 0.5,
  timeLength: 10,
  timeMin: 2,
  channelProb: 0,
  channelLength: 8,
  channelMin: 0,
};
const masksOf = (
  lengths: number[],
  changes: Partial<MaskingConfig> = {},
  { frames = Math.max(...lengths), dim = 64, epoch = 0 } = {},
) =>
  featureMasks(
    lengths,
    frames,
    dim,
    { ...usual, ...changes },
    lengths.map((_, i) => [7, epoch, i]),
  );
const share = (mask: Uint32Array): number => mask.reduce((sum, bit) => sum + bit, 0) / mask.length;
/** Lengths of the runs of ones. */
const runs = (mask: Uint32Array): number[] =>
  [...mask]
    .join("")
    .split(/0+/u)
    .filter(Boolean)
    .map((ones) => ones.length);

describe("featureMasks", () => {
  it("begins share / span spans a frame, at different places: as many frames stay as overlapping spans leave", () => {
    const lengths = new Array<number>(300).fill(400);
    const hidden = share(masksOf(lengths).time);
    expect(hidden).toBeGreaterThan(0.5 * 0.7);
    expect(hidden).toBeCloseTo(1 - Math.exp(-0.5), 1); // starts are a Poisson process of rate 0.05: e^-0.5 of the frames are under none
    expect(runs(masksOf([400]).time).every((run) => run >= 10)).toBe(true);
  });

  it("rounds the number of spans at random, so that its mean is exact", () => {
    // 0.25 spans of an utterance of 50 frames, each of 10 frames and alone
    expect(share(masksOf(new Array<number>(4000).fill(50), { timeProb: 0.05, timeMin: 0 }).time)).toBeCloseTo(0.05, 2);
  });

  it("hides any frame as likely as its neighbours, but for those near the ends, where fewer spans reach", () => {
    const [rows, frames] = [20_000, 40];
    const { time } = masksOf(new Array<number>(rows).fill(frames), { timeProb: 0.25, timeMin: 1 }); // one span of ten, at 31 places
    const at = (t: number): number => share(Uint32Array.from({ length: rows }, (_, row) => time[row * frames + t]!));
    for (const t of [9, 15, 20, 25, 30]) expect(at(t)).toBeCloseTo(10 / 31, 1);
    expect(at(0)).toBeCloseTo(1 / 31, 2);
    expect(at(39)).toBeCloseTo(1 / 31, 2);
  });

  it("hides nothing of the padding, and no span ends behind the utterance", () => {
    const { time, shapes } = masksOf([35, 12, 60], {}, { frames: 80 });
    expect(shapes.time).toEqual([3, 80, 1]);
    for (const [row, length] of [35, 12, 60].entries()) {
      const mask = time.subarray(row * 80, (row + 1) * 80);
      expect(share(mask.subarray(length))).toBe(0);
      expect(runs(mask.subarray(0, length)).every((run) => run >= 10)).toBe(true);
    }
  });

  it("has at least the spans asked for, as far as they fit; none where an utterance is shorter than one", () => {
    expect(share(masksOf([25], { timeProb: 0.01, timeMin: 9 }).time)).toBeGreaterThanOrEqual(11 / 25); // two of ten, overlapping by nine at most
    expect(share(masksOf([9], { timeMin: 9 }).time)).toBe(0);
    expect([...masksOf([10], { timeMin: 9 }).time]).toEqual(new Array(10).fill(1));
  });

  it("hides nothing where the share is 0, whatever the fewest spans are", () => {
    const { time, channels } = masksOf([400], { timeProb: 0, timeMin: 2, channelProb: 0, channelMin: 2 });
    expect(share(time)).toBe(0);
    expect(channels).toBeUndefined();
  });

  it("hides channels only where asked to, other ones than of its neighbour", () => {
    expect(masksOf([30]).channels).toBeUndefined();
    const { channels, shapes } = masksOf(new Array<number>(200).fill(30), { channelProb: 0.5 });
    expect(shapes.channels).toEqual([200, 1, 64]);
    expect(share(channels!)).toBeGreaterThan(0.3);
    expect(share(channels!)).toBeLessThan(0.5);
    expect(channels!.subarray(0, 64)).not.toEqual(channels!.subarray(64, 128));
  });

  it("is the same for the same key whatever the batch, and another in another epoch", () => {
    const alone = masksOf([50]).time;
    expect(masksOf([50, 90]).time.subarray(0, 50)).toEqual(alone);
    expect(masksOf([50], {}, { epoch: 1 }).time).not.toEqual(alone);
  });

  it("of one utterance of a batch are those that it has by itself", () => {
    const both = masksOf([50, 90], { channelProb: 0.5 });
    expect(masksOfRow(both, 0, 50)).toEqual(masksOf([50], { channelProb: 0.5 }));
  });
});
