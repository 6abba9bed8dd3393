import { describe, expect, it } from "vitest";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { release } from "../../engine/tensor.ts";
import { leaf, read } from "../../engine/transfer.ts";
import { jointLoss, jointLossDefaults, type JointLossConfig, type PathTerms } from "../../model/joint_loss.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();

/** The loss of random logits of some paths, and how large each path's gradient is. */
async function lossOf(paths: number, terms?: readonly PathTerms[], changes: Partial<JointLossConfig> = {}) {
  const tape = new Tape(device());
  const logits = Array.from({ length: paths }, (_, path) =>
    leaf(
      device(),
      Float32Array.from({ length: 2 * 7 * 5 }, (_, i) => normal(path, i)),
      [2, 7, 5],
    ),
  );
  const batch = {
    targets: tape.upload(Int32Array.of(1, 2, 3, 3), [2, 2]),
    targetLengths: tape.upload(Int32Array.of(2, 2), [2]),
    lengths: tape.upload(Int32Array.of(7, 5), [2]),
  };
  try {
    const { total, ctc, kl } = jointLoss(tape, { logits }, batch, { ...jointLossDefaults, ...changes }, terms);
    tape.backward(total);
    const one = async (x: typeof total): Promise<number> => (await read(device(), x))[0] as number;
    const gradients = await Promise.all(
      logits.map(async ({ grad }) => Math.max(...(await read(device(), grad!)).map(Math.abs))),
    );
    return { total: await one(total), ctc: await Promise.all(ctc.map(one)), kl: kl && (await one(kl)), gradients };
  } finally {
    tape.end();
    logits.forEach(release);
  }
}

describe("the terms of the joint loss", () => {
  it("are by default those of a deep path, a seed and middle depths", async () => {
    const terms = [
      { weight: 1, distilled: false },
      { weight: 0.25, distilled: true },
      { weight: 0.25, distilled: true },
    ];
    expect(await lossOf(3, terms)).toEqual(await lossOf(3));
  });

  it("add up with their weights", async () => {
    const { total, ctc, kl } = await lossOf(3, [
      { weight: 0.5, distilled: false },
      { weight: 2, distilled: false },
      { weight: 0.3, distilled: true },
    ]);
    expect(total).toBeCloseTo(0.5 * ctc[0]! + 2 * ctc[1]! + 0.3 * ctc[2]! + 0.1 * kl!, 4);
    expect(kl).toBeGreaterThan(0.01);
  });

  it("leave a teacher that nothing else trains as it is, and give a student without CTC the teacher's lessons", async () => {
    const taught = await lossOf(3, [
      { weight: 0, distilled: false },
      { weight: 1, distilled: false },
      { weight: 0, distilled: true },
    ]);
    expect(taught.gradients[0]).toBe(0);
    expect(taught.gradients[1]).toBeGreaterThan(0);
    expect(taught.gradients[2]).toBeGreaterThan(0);
    expect(taught.total).toBeCloseTo(taught.ctc[1]! + 0.1 * taught.kl!, 4);
  });

  it("have to train something", async () => {
    await expect(lossOf(1, [{ weight: 0, distilled: false }])).rejects.toThrow(
      "jointLoss: expected 1 terms, one per path and at least one with a weight above 0",
    );
    await expect(lossOf(2, [{ weight: 1, distilled: false }])).rejects.toThrow(
      "jointLoss: expected 2 terms, one per path",
    );
  });
});
