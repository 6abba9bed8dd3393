import { describe, expect, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import { release, type Tensor } from "../../../engine/tensor.ts";
import { leaf } from "../../../engine/transfer.ts";
import { attention } from "../../../kernels/attention/attention.ts";
import { testDevice } from "../../test_device.ts";

// Forward keeps one number a query of a head, and backward needs nothing that grows with queries times keys.
const [batch, heads, frames, width] = [1, 2, 600, 4];
const dim = heads * width;
const scoresBytes = 4 * batch * heads * frames * frames;

describe("attention: memory at 600 frames", () => {
  const device = testDevice();
  const zeros = (...shape: number[]): Tensor => leaf(device(), new Float32Array(shape.reduce((a, b) => a * b)), shape);

  for (const relative of [false, true])
    it(`${relative ? "relative" : "plain"}: far under one score matrix`, () => {
      const { pool } = device();
      const [q, k, value] = [zeros(batch, frames, dim), zeros(batch, frames, dim), zeros(batch, frames, dim)];
      const [positions, contentBias, positionBias] = [
        zeros(2 * frames - 1, dim),
        zeros(heads, width),
        zeros(heads, width),
      ];
      const tape = new Tape(device());
      const before = pool.statistics.liveBytes;
      pool.resetPeak();
      try {
        const y = tape.scope(() =>
          attention(tape, q, k, value, {
            heads,
            ...(relative ? { relative: { positions, contentBias, positionBias } } : {}),
          }),
        );
        // y, that number, the biases and bindings that are not used; a pool's size classes waste a quarter at most.
        expect(pool.statistics.liveBytes - before).toBeLessThan(1.25 * (y.bytes + 4 * batch * heads * frames) + 1024);
        tape.backward(y, tape.filled(y.shape, 1));
        expect(pool.statistics.peakBytes - before).toBeLessThan(scoresBytes / 10);
      } finally {
        tape.end();
        for (const x of [q, k, value, positions, contentBias, positionBias]) release(x);
      }
    });
});
