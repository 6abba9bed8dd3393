import { describe, expect, it } from "vitest";
import { normal } from "../../../engine/random.ts";
import { padBatch, type Batch } from "../../../data/batches/batch.ts";
import { buildModel, type BuiltModel } from "../../../checkpoint/build_model.ts";
import { describeDiagnosis, diagnose, type Diagnosis } from "../../../train/health/diagnosis.ts";
import { firstNotFinite } from "../../../train/health/finite_probe.ts";
import { Tape } from "../../../engine/tape.ts";
import { scale } from "../../../kernels/pointwise/unary.ts";
import { release } from "../../../engine/tensor.ts";
import { leaf } from "../../../engine/transfer.ts";
import { testDevice } from "../../test_device.ts";
import { smallConfig, smallModel } from "../small_model.ts";

const device = testDevice();
const config = smallConfig("model.dropout=0.1", "unfold.depths=[2, 3]");
const ids = ["u1", "u2", "u3"];

const batchOf = (change: (features: Float32Array, i: number) => void = () => undefined): Batch =>
  padBatch(
    ids.map((_, i) => {
      const frames = 50 + 7 * i;
      const features = Float32Array.from({ length: frames * 10 }, (_, n) => normal(i, n));
      change(features, i);
      return { frames, features, labels: Int32Array.of(1, 2 + i, 1) };
    }),
    10,
  );

/** A diagnosis of a batch, in words, after a change to the model. */
async function diagnosed(
  batch: Batch,
  change: (built: BuiltModel) => void = () => undefined,
): Promise<{ diagnosis: Diagnosis; text: string }> {
  const built = smallModel(device(), config, true);
  change(built);
  const diagnosis = await diagnose(device(), built, config, "f32", { batch, ids, step: 4, part: 0 });
  built.parameters.release();
  return { diagnosis, text: describeDiagnosis(diagnosis, ids) };
}

const fill =
  (name: string, at: number, value: number) =>
  ({ parameters }: BuiltModel): void => {
    const { size } = parameters.all.find((parameter) => parameter.name === name)!.tensor;
    parameters.write(
      name,
      Float32Array.from({ length: size }, (_, i) => (i === at ? value : 0.01)),
    );
  };

describe("a batch run again", () => {
  it("is finite where nothing is wrong", async () => {
    expect((await diagnosed(batchOf())).text).toBe("when computed again, every operation's result is finite");
  });

  it("a weight that is NaN is named, with the operation and the layer where it first shows", async () => {
    // Of the second block, which the seed path runs as layer 1.
    const { text } = await diagnosed(batchOf(), fill("encoder.encoders.1.feed_forward.w_1.weight", 5, NaN));
    expect(text).toBe(
      "first NaN in linear of 'layer 1, block 1', with NaN in the weights encoder.encoders.1.feed_forward.w_1.weight",
    );
  });

  it("a weight so large that its products overflow: the operation, and that it is each utterance's", async () => {
    const { text } = await diagnosed(batchOf(), fill("encoder.encoders.0.feed_forward.w_2.weight", 5, 3e38));
    expect(text).toMatch(/^first -?(Infinity|NaN) in \w+ of 'layer 0, block 0' for each of them$/u);
  });

  it("features that are NaN: the utterance", async () => {
    const { text } = await diagnosed(batchOf((features, i) => i === 1 && features.fill(NaN, 200, 210)));
    expect(text).toBe(
      "first NaN in conv2d of 'subsampling' for utterance u2, with features that are not finite in utterance u2",
    );
  });

  it("features that are finite and too large: the utterance", async () => {
    const { text } = await diagnosed(batchOf((features, i) => i === 2 && features.fill(3e38)));
    expect(text).toMatch(/^first -?(Infinity|NaN) in \w+ of '(subsampling|layer 0, block 0)' for utterance u3$/u);
  });
});

it("what only f16 cannot hold is found in f16, where the adapter has it", async () => {
  const half = device().features.has("shader-f16");
  const built = buildModel(device(), smallConfig("precision=f16"), 6, { optimizer: true, half, blank: 0 });
  // A sum of 16 products of about 1 each, times 3e4: far from the end of f32, beyond that of f16.
  for (const [name, value] of [
    ["w_1", 3e4],
    ["w_2", 1],
  ] as const) {
    const { size } = built.parameters.all.find(
      (parameter) => parameter.name === `encoder.encoders.0.feed_forward_macaron.${name}.weight`,
    )!.tensor;
    built.parameters.write(
      `encoder.encoders.0.feed_forward_macaron.${name}.weight`,
      new Float32Array(size).map((_, i) => (i % 2 === 0 ? value : -value)),
    );
  }
  built.parameters.roundToHalf();
  const suspect = { batch: batchOf(), ids, step: 4, part: 0 };
  if (half)
    expect((await diagnose(device(), built, config, "f16", suspect)).first).toMatchObject({
      scope: "layer 0, block 0",
      pass: "forward",
    });
  expect(describeDiagnosis(await diagnose(device(), built, config, "f32", suspect), ids)).toBe(
    "when computed again, every operation's result is finite",
  );
  built.parameters.release();
});

describe("the first result that is not finite", () => {
  /** x · 1e20 · 1e20 · 1e-20 of two values: infinite from the second product on where x is 1, finite where it is 0; and backwards. */
  const search = async (x: number[], budget?: number) => {
    const input = leaf(device(), x, [2]);
    const pass: Parameters<typeof firstNotFinite>[1] = (onResult) => {
      const tape = new Tape(device(), { onResult });
      let y = input;
      for (const [i, factor] of [1e20, 1e20, 1e-20].entries())
        y = tape.named(`factor ${i}`, () => scale(tape, y, factor));
      tape.backward(y, tape.filled([2], 1));
      tape.end();
    };
    const found = await firstNotFinite(device(), pass, budget);
    release(input);
    return found;
  };

  it.each([undefined, 1, 20])("is found with the part of the model, reading %s bytes a pass", async (budget) => {
    expect(await search([0, 1], budget)).toEqual({
      operation: "scale",
      scope: "factor 1",
      pass: "forward",
      value: Infinity,
    });
    expect(await search([0, 1e-30], budget)).toBeUndefined();
  });

  it("in the gradients, in the order in which they are computed", async () => {
    const input = leaf(device(), [0], [1]);
    const found = await firstNotFinite(device(), (onResult) => {
      const tape = new Tape(device(), { onResult });
      const y = tape.named("inner", () => scale(tape, input, 1e30));
      const z = tape.named("outer", () => scale(tape, y, 1e30));
      tape.backward(z);
      tape.end();
    });
    release(input);
    expect(found).toEqual({ operation: "scale", scope: "inner", pass: "backward", value: Infinity });
  });
});
