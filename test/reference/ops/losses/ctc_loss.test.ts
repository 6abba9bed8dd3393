import { describe, expect, it } from "vitest";
import { Tape } from "../../../../engine/tape.ts";
import { type Tensor } from "../../../../engine/tensor.ts";
import { leaf, read, tensor } from "../../../../engine/transfer.ts";
import { ctcLoss } from "../../../../kernels/ctc_loss/ctc_loss.ts";
import { testDevice } from "../../../test_device.ts";
import { expectClose, loadBook, type BookCase } from "../../book.ts";

// The book has [time, batch, classes], the engine [batch, frames, classes]: logits are transposed on the way in and
// their gradients on the way back.
interface Attrs {
  blank: number;
  reduction: "none" | "sum" | "mean";
  zero_infinity: boolean;
}

const device = testDevice();
const book = loadBook<Attrs>("ops/ctc_loss");

describe("ops/ctc_loss", () => {
  it("has cases", () => expect(book.cases.length).toBeGreaterThan(0));
  for (const bookCase of book.cases) it(bookCase.name, () => check(bookCase));
});

async function check({ op, attrs, inputs, outputs, cotangents, grads }: BookCase<Attrs>): Promise<void> {
  const fromLogProbs = op === "ctc_loss";
  const key = fromLogProbs ? "log_probs" : "logits";
  const input = inputs.floats(key);
  const [time, batch, classes] = input.shape as [number, number, number];
  const logits = leaf(device(), swapped(input.values, time, batch, classes), [batch, time, classes]);
  const integers = (name: string): Tensor =>
    tensor(device(), inputs.integers(name).values, inputs.integers(name).shape);
  const tape = new Tape(device());
  try {
    const options = { blank: attrs.blank, reduction: attrs.reduction, zeroInfinity: attrs.zero_infinity, fromLogProbs };
    const y = ctcLoss(
      tape,
      logits,
      integers("targets"),
      integers("input_lengths"),
      integers("target_lengths"),
      options,
    );
    expectClose(await read(device(), y), outputs.get("y"), { shape: y.shape });
    if (cotangents.size === 0) return;
    tape.backward(y, tape.upload(cotangents.floats("y").values, y.shape));
    const gradient = (await read(device(), logits.grad as Tensor)) as Float32Array;
    expectClose(swapped(gradient, batch, time, classes), grads.get(key));
  } finally {
    tape.end();
  }
}

/** [a, b, inner] as [b, a, inner]. */
function swapped(values: Float32Array, a: number, b: number, inner: number): Float32Array {
  return values.map((_, i) => {
    const row = Math.floor(i / inner);
    return values[((row % a) * b + Math.floor(row / a)) * inner + (i % inner)] as number;
  });
}
