import { describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { normal } from "../../engine/random.ts";
import { Tape } from "../../engine/tape.ts";
import { read } from "../../engine/transfer.ts";
import type { ConformerConfig } from "../../model/conformer/config.ts";
import { ConformerCtc } from "../../model/conformer/conformer_ctc.ts";
import { depthOfParameter } from "../../model/depth_norms.ts";
import { jointLoss, jointLossDefaults } from "../../model/joint_loss.ts";
import { depthSchedule } from "../../model/unfold.ts";
import { testDevice } from "../test_device.ts";
import { tiny } from "./tiny_conformer.ts";

const DEPTHS = [4, 2, 3];
const LENGTHS = [31, 24];
const device = testDevice();

interface Run extends Partial<ConformerConfig> {
  readonly depths?: readonly number[];
  readonly checkpointing?: boolean;
}

/** Logits without dropout, then gradients and values after one training pass over some depths. */
async function run({ depths = DEPTHS, checkpointing = false, ...changes }: Run) {
  const parameters = new Parameters();
  const model = new ConformerCtc(parameters, { ...tiny, ...changes });
  parameters.seal(device(), { seed: 4 });
  const schedules = depths.map((depth) => depthSchedule("cycle", tiny.blocks, depth));
  const features = Float32Array.from({ length: 2 * 31 * 12 }, (_, i) => normal(i));
  const forward = (tape: Tape) =>
    model.forward(tape, tape.upload(features, [2, 31, 12]), LENGTHS, schedules, { checkpointing });
  const testing = new Tape(device(), { grad: false });
  const logits = await Promise.all(forward(testing).logits.map((y) => read(device(), y)));
  testing.end();
  const tape = new Tape(device(), { seed: 7, step: 1 });
  const output = forward(tape);
  const targets = {
    targets: tape.upload(Int32Array.of(1, 2, 3, 4), [2, 2]),
    targetLengths: tape.upload(Int32Array.of(2, 2), [2]),
    lengths: output.deviceLengths,
  };
  tape.backward(jointLoss(tape, output, targets, jointLossDefaults).total);
  tape.end();
  const result = { logits, grads: await parameters.read("grads"), values: await parameters.read("values") };
  parameters.release();
  return result;
}

describe("norms per depth", () => {
  for (const convNorm of ["layer_norm", "batch_norm"] as const) {
    it(`start from the values that shared ones start from, so that the model is the same (${convNorm})`, async () => {
      expect((await run({ convNorm, normDepths: DEPTHS })).logits).toEqual((await run({ convNorm })).logits);
    });

    it(`get gradients, and running statistics, from their own depth only (${convNorm})`, async () => {
      const { grads, values } = await run({ convNorm, normDepths: DEPTHS, depths: [3] });
      const touched = [...grads]
        .filter(([, { values: gradient }]) => gradient.some((value) => value !== 0))
        .map(([name]) => name);
      expect(touched).toEqual([...grads.keys()].filter((name) => [3, undefined].includes(depthOfParameter(name))));
      expect(touched).toContain("encoder.encoders.0.norm_ff.depth_3.weight");
      expect(touched).toContain("encoder.encoders.1.conv_module.norm.depth_3.bias");
      expect(touched).toContain("encoder.after_norm.depth_3.weight");
      const moved = [...values]
        .filter(([name, { values: mean }]) => name.endsWith("running_mean") && mean.some((value) => value !== 0))
        .map(([name]) => name);
      expect(moved).toEqual(
        convNorm === "layer_norm"
          ? []
          : [0, 1].map((block) => `encoder.encoders.${block}.conv_module.norm.depth_3.running_mean`),
      );
    });
  }

  it("have the same gradients with checkpointing and without: along one path to the bit, along several to 1e-5", async () => {
    const changes = { convNorm: "batch_norm", normDepths: DEPTHS } as const;
    expect(await run({ ...changes, depths: [4], checkpointing: true })).toEqual(await run({ ...changes, depths: [4] }));
    const plain = await run(changes);
    const checkpointed = await run({ ...changes, checkpointing: true });
    expect(checkpointed.values).toEqual(plain.values);
    // All paths part at their input, which gets its gradient in three summands; checkpointing changes their order.
    const largest = (values: Iterable<number>): number => Math.max(...[...values].map(Math.abs));
    const rounding = 1e-6 * Math.max(...[...plain.grads.values()].map(({ values }) => largest(values)));
    for (const [name, { values }] of plain.grads) {
      const others = checkpointed.grads.get(name)!.values;
      expect(largest(values.map((value, i) => value - others[i]!)), name).toBeLessThan(
        1e-5 * largest(values) + rounding,
      );
      expect(largest(values), name).toBeGreaterThan(0);
    }
  });

  it("run no other depth", async () => {
    await expect(run({ normDepths: [2, 4] })).rejects.toThrow(
      "there are norms for the depths 2, 4, but none for depth 3",
    );
  });
});
