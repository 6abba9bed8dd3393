import { describe, expect, it } from "vitest";
import type { TunedTable } from "../../../engine/tuning/tuned_table.ts";
import { Tuner } from "../../../engine/tuning/tuner.ts";
import { defineVariants, type VariantDevice } from "../../../engine/tuning/variants.ts";

const device = (isSoftware: boolean, ...features: string[]): VariantDevice => ({
  isSoftware,
  features: new Set(features),
  info: { subgroupMinSize: 8, subgroupMaxSize: 8 },
  limits: { maxComputeWorkgroupStorageSize: 16384, maxComputeInvocationsPerWorkgroup: 256 },
});

const plainDevice = device(true);

interface Sizes extends Record<string, number | boolean> {
  rows: number;
  cols: number;
  flipped: boolean;
}

const sums = defineVariants("sums", {
  variants: { simple: {}, shuffled: { requires: ["subgroups"] }, quads: { fits: ({ cols }: Sizes) => cols % 4 === 0 } },
  defaults: (_, { isSoftware }) => (isSoftware ? ["shuffled", "simple"] : ["quads", "simple"]),
});

const table = (entries: TunedTable["operations"][string]): TunedTable => ({
  adapter: "a",
  driver: "d",
  date: "2026-01-01",
  command: "c",
  operations: { sums: entries },
});

const sizes = (rows: number, cols: number, flipped = false): Sizes => ({ rows, cols, flipped });

describe("without a table", () => {
  it("takes the first default of the adapter's class that fits", () => {
    expect(new Tuner(plainDevice).choose(sums, sizes(8, 8))).toBe("simple");
    expect(new Tuner(device(true, "subgroups")).choose(sums, sizes(8, 8))).toBe("shuffled");
    expect(new Tuner(device(false)).choose(sums, sizes(8, 8))).toBe("quads");
    expect(new Tuner(device(false)).choose(sums, sizes(8, 7))).toBe("simple");
  });

  it("names the sizes that nothing fits", () => {
    const never = defineVariants("never", { variants: { one: { fits: () => false } }, defaults: () => ["one"] });
    expect(() => new Tuner(plainDevice).choose(never, { rows: 3, flipped: true })).toThrow(
      "never: no variant fits rows 3, flipped",
    );
  });
});

describe("with a table", () => {
  const tuner = new Tuner(
    plainDevice,
    table([
      { sizes: sizes(64, 64), ms: { simple: 3, quads: 1 } },
      { sizes: sizes(1024, 64), ms: { simple: 1, quads: 2 } },
      { sizes: sizes(64, 64, true), ms: { simple: 1, quads: 2 } },
    ]),
  );

  it("takes the fastest at the nearest sizes", () => {
    expect(tuner.choose(sums, sizes(60, 64))).toBe("quads");
    expect(tuner.choose(sums, sizes(900, 64))).toBe("simple");
  });

  it("compares only measurements with the same switches", () =>
    expect(tuner.choose(sums, sizes(64, 64, true))).toBe("simple"));

  it("keeps the usual one unless another is clearly faster", () => {
    const close = new Tuner(
      plainDevice,
      table([
        { sizes: sizes(64, 64), ms: { simple: 1.05, quads: 1 } },
        { sizes: sizes(512, 64), ms: { simple: 1.2, quads: 1 } },
      ]),
    );
    expect(close.choose(sums, sizes(64, 64))).toBe("simple");
    expect(close.choose(sums, sizes(512, 64))).toBe("quads");
  });

  it("takes the next fastest where the fastest does not fit", () =>
    expect(tuner.choose(sums, sizes(64, 63))).toBe("simple"));

  it("falls back to the defaults far from every measurement", () => {
    const gpu = new Tuner(device(false), table([{ sizes: sizes(1024, 1024), ms: { simple: 1, quads: 2 } }]));
    expect(gpu.choose(sums, sizes(512, 512))).toBe("simple");
    expect(gpu.choose(sums, sizes(4, 4))).toBe("quads");
  });

  it("ignores variants that no longer exist or lack their feature", () => {
    const old = new Tuner(
      plainDevice,
      table([{ sizes: sizes(64, 64), ms: { removed: 1, shuffled: 2, quads: 3, simple: 4 } }]),
    );
    expect(old.choose(sums, sizes(64, 64))).toBe("quads");
  });
});

describe("overrules", () => {
  it("apply wherever the variant fits, until they end", () => {
    const tuner = new Tuner(plainDevice);
    tuner.overrule([{ operation: "sums", variant: "quads" }]);
    expect(tuner.choose(sums, sizes(8, 8))).toBe("quads");
    expect(tuner.choose(sums, sizes(8, 7))).toBe("simple");
    tuner.overrule([]);
    expect(tuner.choose(sums, sizes(8, 8))).toBe("simple");
  });

  it("apply only at their sizes when they name them", () => {
    const tuner = new Tuner(plainDevice);
    tuner.overrule([{ operation: "sums", variant: "quads", sizes: sizes(8, 8) }]);
    expect([tuner.choose(sums, sizes(8, 8)), tuner.choose(sums, sizes(16, 8))]).toEqual(["quads", "simple"]);
  });
});

it("tells which choices were made, each once", () => {
  const tuner = new Tuner(plainDevice);
  const made = tuner.during(() => {
    for (const cols of [8, 7, 8]) tuner.choose(sums, sizes(8, cols));
  });
  expect(made).toEqual([
    { operation: "sums", sizes: sizes(8, 8), chosen: "simple", fitting: ["simple", "quads"] },
    { operation: "sums", sizes: sizes(8, 7), chosen: "simple", fitting: ["simple"] },
  ]);
});
