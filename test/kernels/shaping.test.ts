import { describe, expect, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { read, tensor } from "../../engine/transfer.ts";
import { concat, pad, permute, slice, split, transpose } from "../../kernels/shaping/shaping.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

describe("shaping", () => {
  it("moves integers as they are, also those that are no normal float", async () => {
    const tape = new Tape(device(), { grad: false });
    const x = tape.upload(Int32Array.of(1, -1, 0x7fc00001, -0x80000000, 3, 0x7f800001), [2, 3]);
    const y = transpose(tape, x, 0, 1);
    expect(y.dtype).toBe("i32");
    const values = await read(device(), y);
    tape.end();
    expect([...values]).toEqual([1, -0x80000000, -1, 3, 0x7fc00001, 0x7f800001]);
  });

  it("names the operation, the argument and the sizes in its errors", () => {
    const tape = new Tape(device());
    const x = tensor(device(), [1, 2, 3, 4, 5, 6], [2, 3]);
    expect(() => permute(tape, x, [0, 0])).toThrow("permute: axes: expected each of the 2 axes once, got [0, 0]");
    expect(() => slice(tape, x, [0, 0], [2, 4])).toThrow(
      "slice: axis 1: expected 0 ≤ start < end ≤ 3 and step ≥ 1, got start 0, end 4, step 1",
    );
    expect(() => slice(tape, x, [0, -4], [2, -1])).toThrow(
      "slice: axis 1: expected 0 ≤ start < end ≤ 3 and step ≥ 1, got start -4, end -1, step 1",
    );
    expect(() => slice(tape, x, [0], [2, 3])).toThrow("slice: starts: expected 2 numbers, one an axis, got 1");
    expect(() => split(tape, x, 1, [1, 1])).toThrow("split: sizes: expected sizes that add up to 3, got 1 + 1 = 2");
    expect(() => concat(tape, [x, tensor(device(), [1, 2], [1, 2])], 0)).toThrow(
      "concat: parts[1]: expected [2, 3] but for axis 0, got [1, 2]",
    );
    expect(() =>
      pad(tape, x, [
        [0, -1],
        [0, 0],
      ]),
    ).toThrow("pad: pads: expected no negative number, got [0, -1], [0, 0]");
  });
});
