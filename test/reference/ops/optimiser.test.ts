import { describe, it } from "vitest";
import { Tape } from "../../../engine/tape.ts";
import { read, tensor, zeroTensor } from "../../../engine/transfer.ts";
import { adamw } from "../../../kernels/adamw/adamw.ts";
import { clipFactor, globalNorm } from "../../../kernels/grad_norm/grad_norm.ts";
import { mul } from "../../../kernels/pointwise/binary.ts";
import { sgd } from "../../../kernels/sgd/sgd.ts";
import { testDevice } from "../../test_device.ts";
import { expectClose, loadBook, type BookCase } from "../book.ts";

interface Attrs {
  kind: "adamw" | "adam" | "sgd";
  options: { betas: [number, number]; eps: number; weight_decay: number; momentum?: number; nesterov?: boolean };
  max_norm: number;
}

const device = testDevice();

describe("ops/optimiser", () => {
  for (const bookCase of loadBook<Attrs>("ops/optimiser").cases)
    it(bookCase.name, async () => {
      const tape = new Tape(device(), { grad: false });
      try {
        await (bookCase.op === "optimiser" ? checkSteps(tape, bookCase) : checkClipping(tape, bookCase));
      } finally {
        tape.end();
      }
    });
});

async function checkSteps(tape: Tape, { attrs: { kind, options }, inputs, outputs }: BookCase<Attrs>): Promise<void> {
  const rates = inputs.floats("learning_rates").values;
  for (const name of ["weight", "bias"]) {
    const { values: initial, shape } = inputs.floats(name);
    const allGrads = inputs.floats(`${name}_grads`).values;
    const values = tensor(device(), initial, shape);
    const [firstMoment, secondMoment] = [zeroTensor(device(), shape), zeroTensor(device(), shape)];
    const after = new Float32Array(allGrads.length);
    for (let step = 1; step <= rates.length; step++) {
      const grads = tensor(device(), allGrads.slice((step - 1) * values.size, step * values.size), shape);
      const common = { learningRate: rates[step - 1]!, weightDecay: options.weight_decay, step };
      if (kind === "sgd") {
        sgd(
          tape,
          { values, grads, velocity: firstMoment },
          { ...common, momentum: options.momentum ?? 0, nesterov: options.nesterov ?? false },
        );
      } else {
        const [beta1, beta2] = options.betas;
        const settings = {
          ...common,
          beta1,
          beta2,
          eps: options.eps,
          gradientScale: tape.filled([1], 1),
          decoupled: kind === "adamw",
        };
        adamw(tape, { values, grads, firstMoment, secondMoment }, settings);
      }
      after.set((await read(device(), values)) as Float32Array, (step - 1) * values.size);
    }
    expectClose(after, outputs.get(name));
  }
}

async function checkClipping(tape: Tape, { attrs, inputs, outputs }: BookCase<Attrs>): Promise<void> {
  const grads = ["a", "b", "c"].map((name) => tensor(device(), inputs.floats(name).values, inputs.get(name).shape));
  const norm = globalNorm(tape, grads);
  const factor = clipFactor(tape, norm, attrs.max_norm);
  expectClose(await read(device(), norm), outputs.get("norm"));
  for (const [i, name] of ["a", "b", "c"].entries())
    expectClose(await read(device(), mul(tape, grads[i]!, factor)), outputs.get(name));
}
