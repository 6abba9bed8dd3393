import { describe, expect, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import type { Tensor } from "../../../engine/tensor.ts";
import { attention, type AttentionOptions } from "../../../kernels/attention/attention.ts";
import { relShift } from "../../../kernels/rel_shift/rel_shift.ts";
import { rotaryEmbedding } from "../../../kernels/rotary/rotary.ts";
import { testDevice } from "../../test_device.ts";

// What attention and its positions refuse. That they compute the right thing is in their case lists.
describe("attention: errors", () => {
  const device = testDevice();
  const refuses = (message: string, run: (tape: Tape, zeros: (...shape: number[]) => Tensor) => Tensor): void => {
    const tape = new Tape(device());
    try {
      expect(() => run(tape, (...shape) => tape.filled(shape, 0))).toThrow(message);
    } finally {
      tape.end();
    }
  };
  const attend = (tape: Tape, q: Tensor, k: Tensor, options: Partial<AttentionOptions> = {}): Tensor =>
    attention(tape, q, k, k, { heads: 2, ...options });

  it("heads that do not divide the features", () =>
    refuses("attention: heads: expected a divisor of the 6 features, got 4", (tape, zeros) =>
      attend(tape, zeros(1, 5, 6), zeros(1, 5, 6), { heads: 4 }),
    ));

  it("keys of another batch", () =>
    refuses("attention: k: expected [2, 7, 6], got [1, 7, 6]", (tape, zeros) =>
      attend(tape, zeros(2, 5, 6), zeros(1, 7, 6)),
    ));

  it("a mask without all keys", () =>
    refuses(
      "attention: mask: expected a shape that broadcasts to [2, 2, 5, 7], all keys given, got [2, 1, 1, 5]",
      (tape, zeros) => attend(tape, zeros(2, 5, 6), zeros(2, 7, 6), { mask: tape.empty([2, 1, 1, 5], "u32") }),
    ));

  it("a mask of floats", () =>
    refuses("attention: mask: expected type u32, got type f32", (tape, zeros) =>
      attend(tape, zeros(2, 5, 6), zeros(2, 7, 6), { mask: zeros(2, 1, 1, 7) }),
    ));

  it("relative positions between different sequences", () =>
    refuses("attention: k: expected 5 frames, as q: relative positions are for self-attention, got 7", (tape, zeros) =>
      attend(tape, zeros(1, 5, 6), zeros(1, 7, 6), {
        relative: { positions: zeros(9, 6), contentBias: zeros(2, 3), positionBias: zeros(2, 3) },
      }),
    ));

  it("relative positions of another length", () =>
    refuses("attention: relative.positions: expected [9, 6], got [11, 6]", (tape, zeros) =>
      attend(tape, zeros(1, 5, 6), zeros(1, 5, 6), {
        relative: { positions: zeros(11, 6), contentBias: zeros(2, 3), positionBias: zeros(2, 3) },
      }),
    ));

  it("a shift of anything but distances", () =>
    refuses("relShift: x: expected [1, 2, 5, 9], got [1, 2, 5, 5]", (tape, zeros) =>
      relShift(tape, zeros(1, 2, 5, 5)),
    ));

  it("a rotation of an odd width", () =>
    refuses("rotaryEmbedding: x: expected an even width of the last axis, got 3", (tape, zeros) =>
      rotaryEmbedding(tape, zeros(1, 5, 2, 3)),
    ));
});
