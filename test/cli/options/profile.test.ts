import { expect, it } from "vitest";
import { parseProfile } from "../../../cli/options/profile.ts";
import { UserError } from "../../../engine/errors.ts";

it("is a number of steps, or three", () => {
  expect([undefined, true, "1", "100"].map((given) => parseProfile(given as true))).toEqual([undefined, 3, 1, 100]);
});

it.each(["0", "101", "2.5", "-1", "config.yaml", ""])("refuses '%s'", (given) => {
  expect(() => parseProfile(given)).toThrow(
    new UserError(`--profile: expected a whole number of steps from 1 to 100, or nothing after it, got '${given}'`),
  );
});
