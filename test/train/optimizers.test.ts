import { describe, expect, it } from "vitest";
import { Parameters } from "../../engine/parameters.ts";
import { Tape } from "../../engine/tape.ts";
import { optimizerStep } from "../../train/optimizer.ts";
import { AdamW, Sgd } from "../../train/optimizers.ts";
import { expectClose, loadBook, type BookCase } from "../reference/book.ts";
import { testDevice } from "../test_device.ts";

interface Attrs {
  kind: "adamw" | "adam" | "sgd";
  options: { betas: [number, number]; eps: number; weight_decay: number; momentum?: number; nesterov?: boolean };
}
type Optimizer = AdamW | Sgd;

const device = testDevice();
const NAMES = ["weight", "bias"] as const;

/** The parameters of a case of ops/optimiser, in PyTorch, float64, with their initial values. */
function parametersOf({ inputs }: BookCase<Attrs>): Parameters {
  const parameters = new Parameters();
  for (const name of NAMES) {
    const { shape, values } = inputs.floats(name);
    parameters.add(name, shape, { init: (i) => values[i]!, decay: name === "weight" });
  }
  parameters.seal(device());
  return parameters;
}

/** Sets the gradients of a step, counted from 1. */
function giveGradients(parameters: Parameters, { inputs }: BookCase<Attrs>, step: number): void {
  for (const name of NAMES) {
    const size = inputs.get(name).values.length;
    parameters.write(name, inputs.floats(`${name}_grads`).values.slice((step - 1) * size, step * size), "grads");
  }
}

function onTape<T>(body: (tape: Tape) => T): T {
  const tape = new Tape(device());
  try {
    return body(tape);
  } finally {
    tape.end();
  }
}

const cases = loadBook<Attrs>("ops/optimiser").cases.filter(
  ({ op, attrs }) => op === "optimiser" && attrs.kind !== "adam",
);

describe("optimisers over all parameters, against PyTorch", () => {
  for (const bookCase of cases)
    it(bookCase.name, async () => {
      const { attrs, inputs, outputs } = bookCase;
      const parameters = parametersOf(bookCase);
      const rates = inputs.floats("learning_rates").values;
      const { betas, eps, weight_decay: weightDecay, momentum = 0, nesterov = false } = attrs.options;
      const common = { rate: (step: number) => rates[step - 1]!, weightDecay, decayAll: true };
      const optimizer: Optimizer =
        attrs.kind === "sgd"
          ? new Sgd(parameters, { ...common, momentum, nesterov })
          : new AdamW(parameters, { ...common, betas, eps });
      const after = Object.fromEntries(NAMES.map((name) => [name, [] as number[]]));
      for (const step of rates.keys()) {
        giveGradients(parameters, bookCase, step + 1);
        onTape((tape) => optimizer.step(tape));
        for (const name of NAMES) after[name]!.push(...(await parameters.readOne(name)));
      }
      for (const name of NAMES) expectClose(after[name]!, outputs.get(name));
      expect(optimizer.steps).toBe(rates.length);
      parameters.release();
    });
});

describe("an optimiser", () => {
  const bookCase = cases.find(({ attrs }) => attrs.kind === "adamw")!;

  /** The parameters' values after some steps. */
  async function valuesAfter(step: (parameters: Parameters) => (tape: Tape, number: number) => unknown) {
    const parameters = parametersOf(bookCase);
    const take = step(parameters);
    for (const number of [1, 2, 3]) {
      giveGradients(parameters, bookCase, number);
      onTape((tape) => take(tape, number));
    }
    const values = await parameters.read("values");
    parameters.release();
    return values;
  }

  it("has PyTorch's defaults, clips nothing unless told to, and is the trainer's step", async () => {
    const config = { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, maxGradNorm: 1e30 } as const;
    const expected = await valuesAfter(
      (parameters) => (tape, step) => optimizerStep(tape, parameters, config, 1e-3, step),
    );
    const got = await valuesAfter((parameters) => {
      const optimizer = new AdamW(parameters);
      return (tape) => optimizer.step(tape);
    });
    expect(got).toEqual(expected);
  });

  for (const [name, create] of Object.entries<(parameters: Parameters, maxGradNorm: number) => Optimizer>({
    AdamW: (parameters, maxGradNorm) => new AdamW(parameters, { rate: 0.5, maxGradNorm }),
    Sgd: (parameters, maxGradNorm) => new Sgd(parameters, { rate: 0.5, maxGradNorm }),
  })) {
    it(`${name} clips, gives the norm before, and sets the gradients to zero`, async () => {
      const parameters = new Parameters();
      parameters.add("x", [2], { init: () => 1, decay: false });
      parameters.seal(device());
      const optimizer = create(parameters, 1);
      parameters.write("x", Float32Array.of(3, 4), "grads");
      expect(await onTape((tape) => optimizer.step(tape).item())).toBe(5);
      const [x, y] = await parameters.readOne("x");
      if (name === "Sgd") expect([x, y]).toEqual([expect.closeTo(1 - 0.5 * 0.6, 6), expect.closeTo(1 - 0.5 * 0.8, 6)]);
      else expect([x, y]).toEqual([expect.closeTo(0.5, 4), expect.closeTo(0.5, 4)]);
      expect([...(await parameters.readOne("x", "grads"))]).toEqual([0, 0]);
      parameters.release();
    });

    it(`${name} moves nothing along a gradient that is not finite`, async () => {
      const parameters = new Parameters();
      parameters.add("x", [2], { init: () => 1 });
      parameters.seal(device());
      parameters.write("x", Float32Array.of(NaN, 1), "grads");
      onTape((tape) => create(parameters, 1).step(tape));
      expect([...(await parameters.readOne("x"))]).toEqual([1, 1]);
      parameters.release();
    });
  }

  it("refuses a rate that is no rate, and does not count that step", () => {
    const parameters = parametersOf(bookCase);
    const optimizer = new AdamW(parameters, { rate: (step) => 1 / (step - 1) });
    expect(() => onTape((tape) => optimizer.step(tape))).toThrow(
      "AdamW: rate of step 1: expected a number, at least 0, got Infinity",
    );
    expect(optimizer.steps).toBe(0);
    parameters.release();
  });
});
