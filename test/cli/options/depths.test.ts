import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { parseBeam, parseDepth, parseDepths } from "../../../cli/options/depths.ts";
import { smallConfig } from "../../train/small_model.ts";

const config = smallConfig(); // two blocks, depths 2 and 4
const explicit = smallConfig("unfold.order=[0, 1, 0]", "unfold.depths=[2, 3]");

describe("depths", () => {
  it("are those of the config, or any others, each once, as asked for", () => {
    expect(parseDepths(undefined, config).map(({ depth }) => depth)).toEqual([2, 4]);
    expect(parseDepths("5, 1,5", config)).toEqual([
      { depth: 5, schedule: [0, 0, 1, 1, 1] },
      { depth: 1, schedule: [0] },
    ]);
    expect(parseDepth(undefined, config).depth).toBe(4);
    expect(parseDepth("3", config)).toEqual({ depth: 3, schedule: [0, 1, 1] });
  });

  it.each(["0", "-2", "2,x", "1.5", "", ",", "2,", "1e3", "0x4", "Infinity", "NaN", "1001"])(
    "'%s' are none",
    (text) => {
      expect(() => parseDepths(text, config)).toThrow(
        `--depths: expected whole numbers from 1 to 1000 separated by commas, such as 2,4,6, got '${text}'`,
      );
      expect(() => parseDepth(text, config)).toThrow(`--depth: expected a whole number from 1 to 1000, got '${text}'`);
    },
  );

  it("one depth is not several, and an explicit schedule goes no deeper than it is long", () => {
    expect(() => parseDepth("2,4", config)).toThrow("--depth: expected a whole number from 1 to 1000, got '2,4'");
    expect(() => parseDepths("4", explicit)).toThrow(
      "the explicit depth schedule has 3 layers, so depth 4 is not defined",
    );
  });

  it("where depths have their own norms, there are no others", () => {
    const own = smallConfig("model.norms=per_depth");
    expect(parseDepths("4,2", own).map(({ depth }) => depth)).toEqual([4, 2]);
    expect(() => parseDepths("2,3", own)).toThrow(
      new UserError("depth 3 has no norms: model.norms is per_depth, for the depths 2, 4"),
    );
    expect(() => parseDepth("3", own)).toThrow(UserError);
  });
});

it("a beam is from 1 to 1000 wide", () => {
  expect([undefined, "1", "1000"].map(parseBeam)).toEqual([undefined, 1, 1000]);
  for (const text of ["0", "-1", "", "2.5", "1001", "wide"])
    expect(() => parseBeam(text)).toThrow(`--beam: expected a whole number from 1 to 1000, got '${text}'`);
});
