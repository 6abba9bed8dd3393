import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { declareModel } from "../../checkpoint/build_model.ts";
import { finishConfig, parseDraft } from "../../config/draft.ts";
import type { TrainConfig } from "../../config/plain.ts";
import { learningRateAt } from "../../train/learning_rate.ts";
import { build, unfold } from "../built.ts";

const presets = new URL("../../examples/presets/", import.meta.url);
const text = (name: string): string => readFileSync(new URL(`${name}.yaml`, presets), "utf8");

/** A preset with changes, without the checkpoint that it starts from. */
const load = (name: string, ...sets: string[]): TrainConfig =>
  finishConfig(parseDraft(text(name), name, sets), { base: "", data: undefined, resolve });

const millions = (config: TrainConfig, classes: number): number =>
  declareModel(config, classes, { lossScaled: false, blank: 0 }).parameters.count / 1e6;

describe("conformer-paper", () => {
  // The end of the sentence is one of the 2,000 classes. A 12-block model of the paper has 44.6 M.
  it.each([
    [12, 44.53, 44.59],
    [10, 39.25, 39.31],
    [8, 33.97, 34.03],
    [6, 28.69, 28.75],
    [4, 23.41, 23.48],
  ])("with %i blocks has %f M parameters with 80 features and %f M with 83", (blocks, with80, with83) => {
    const sets = [`model.blocks=${blocks}`, `unfold.depths=[${blocks}]`];
    expect(millions(load("conformer-paper", ...sets), 1999)).toBeCloseTo(with80, 2);
    expect(millions(load("conformer-paper", ...sets, "features.bins=83"), 1999)).toBeCloseTo(with83, 2);
    expect(text("conformer-paper")).toContain(with80.toFixed(2));
  });

  it("has the losses of the paper and the learning rate of ESPnet's recipe", () => {
    const config = load("conformer-paper");
    expect(config.loss).toMatchObject({
      seedWeight: 0.25,
      klWeight: 0.1,
      ctcWeight: 0.3,
      temperature: 1,
      klOf: "both",
    });
    expect(learningRateAt(config, 24_999, 1e6)).toBeCloseTo(5 / Math.sqrt(256 * 25_000), 10);
  });
});

describe.each(["wav2vec2", "hubert"])("%s-paper", (kind) => {
  it.each([
    [12, 94.4],
    [8, 66.0],
    [6, 51.9],
    [4, 37.7],
    [3, 30.6],
    [2, 23.5],
  ])("with %i blocks has %f M parameters", (blocks, count) => {
    const config = load(`${kind}-paper`, `model.blocks=${blocks}`, `unfold.depths=[${blocks}]`);
    expect(millions(config, 32)).toBeCloseTo(count, 1);
    expect(text(`${kind}-paper`)).toContain(`${count.toFixed(1)}${blocks === 12 ? " M" : ""} at ${blocks}`);
  });

  it("has the paper's weights, and a rate that falls linearly to 0", () => {
    const config = load(`${kind}-paper`);
    expect(config.loss).toMatchObject({ seedWeight: 0.7, klWeight: 0.005, layerDrop: 0.1 });
    // Step 0 takes the rate of one step: 5e-5 is that of none.
    const rates = [0, 499, 999].map((step) => learningRateAt(config, step, 1000));
    expect(rates.map((rate) => rate / 5e-5)).toEqual([0.999, 0.5, 0].map((share): unknown => expect.closeTo(share, 9)));
  });
});

describe("unfold config", () => {
  beforeAll(build);
  const names = readdirSync(presets).map((file) => file.replace(".yaml", ""));

  it.each(names)("prints %s", async (name) => {
    expect((await unfold(["config", name])).stdout).toBe(text(name));
  });

  it("says which presets there are", async () => {
    const { status, stderr } = await unfold(["config", "conformer"]);
    expect(status).toBe(2);
    expect(stderr).toBe(`unfold: there is no preset 'conformer': expected one of ${names.sort().join(", ")}\n`);
  });
});
