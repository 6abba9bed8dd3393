import { expect, it } from "vitest";
import { RunError, UserError } from "../../engine/errors.ts";

it.each([UserError, RunError])("%o quotes what a terminal would obey", (Fault) => {
  expect(new Fault("a.arpa: got '-0.77\rone', '\x1b[2J', '\x9b'").message).toBe(
    "a.arpa: got '-0.77\\u000done', '\\u001b[2J', '\\u009b'",
  );
});

it.each([UserError, RunError])("%o keeps lines, tabs and letters", (Fault) => {
  expect(new Fault("né\n\t'ß'").message).toBe("né\n\t'ß'");
});
