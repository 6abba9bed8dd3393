import { describe, expect, test } from "vitest";
import { expectClose, loadBook, type ReferenceTensor } from "./book.ts";

const tensor = (values: number[], extra: Partial<ReferenceTensor> = {}): ReferenceTensor => ({
  label: "book, case c, outputs.y",
  shape: [values.length],
  values: Float32Array.from(values),
  rtol: 1e-4,
  atol: 1e-5,
  ...extra,
});

describe("expectClose", () => {
  test("accepts what is within the tolerance", () => {
    expectClose([1.0001, 0.000009, -200.01], tensor([1, 0, -200]));
    expectClose([], tensor([], { shape: [0, 80] }));
  });

  test("names case, tensor, first bad index and the worst error", () => {
    const expected = tensor([1, 2, 3, 4, 5, 6], { shape: [2, 3] });
    expect(() => expectClose([1, 2, 3.5, 4, 9, 6], expected)).toThrow(
      /^book, case c, outputs\.y: 2 of 6 values differ .*First at \[0, 2\] expected 3, got 3\.5 \(off by 0\.500\); worst at \[1, 1\] expected 5, got 9/,
    );
  });

  test("the given tolerance replaces the tensor's", () => {
    expectClose([1.05], tensor([1]), { rtol: 0.1, atol: 0 });
    expect(() => expectClose([1.00005], tensor([1]), { rtol: 0, atol: 0 })).toThrow("1 of 1");
    expect(() => expectClose([1], tensor([1], { rtol: undefined as never }))).toThrow("no tolerance");
  });

  test("infinities and NaN must be equal", () => {
    expectClose([-Infinity, Infinity, NaN], tensor([-Infinity, Infinity, NaN]));
    for (const [got, wanted] of [
      [Infinity, -Infinity],
      [1e30, Infinity],
      [NaN, 0],
      [0, NaN],
      [Infinity, 0],
    ]) {
      expect(() => expectClose([got as number], tensor([wanted as number]))).toThrow("1 of 1");
    }
  });

  test("integers must be equal", () => {
    const labels = tensor([], { shape: [2], values: Int32Array.of(1000000, 7) });
    expectClose([1000000, 7], labels);
    expect(() => expectClose([1000001, 7], labels)).toThrow("First at [0]");
  });

  test("the number of values and the shape", () => {
    expect(() => expectClose([1, 2], tensor([1]))).toThrow("expected 1 values of shape [1], got 2");
    expect(() => expectClose([1, 2], tensor([1, 2]), { shape: [1, 2] })).toThrow("expected shape [2], got [1, 2]");
  });

  test("padding is not compared, the last real frame is", () => {
    const valid = { lengths: Int32Array.of(1, 2), axis: 1 };
    const padded = tensor([1, 2, 0, 0, 3, 4, 5, 6], { shape: [2, 2, 2], valid });
    expectClose([1, 2, 99, NaN, 3, 4, 5, 6], padded);
    expect(() => expectClose([1, 2, 0, 0, 3, 4, 5, 7], padded)).toThrow("1 of 6 values differ");
    const lastAxis = tensor([1, 2, 0, 3, 4, 0], { shape: [1, 2, 3], valid: { lengths: Int32Array.of(2), axis: 2 } });
    expectClose([1, 2, 9, 3, 4, 9], lastAxis);
    expect(() => expectClose([1, 2, 9, 3, 5, 9], lastAxis)).toThrow("First at [0, 1, 1]");
  });
});

describe("loadBook", () => {
  test("an operation: inputs, outputs with tolerances, cotangents, gradients", () => {
    const book = loadBook<{ transpose_a: boolean }>("ops/matmul");
    expect(Object.keys(book.operations)).toEqual(["matmul"]);
    const first = book.cases.find((one) => one.name === "plain");
    expect(first?.attrs.transpose_a).toBe(false);
    const y = first?.outputs.floats("y");
    expect(y?.values.length).toBe(y?.shape.reduce((a, b) => a * b, 1));
    expect(y?.rtol).toBe(1e-4);
    expect(first?.cotangents.get("y").shape).toEqual(y?.shape);
    expect(first?.grads.names).toEqual(["a", "b"]);
    expect(first?.params.size).toBe(0);
    expect(() => first?.inputs.get("q")).toThrow("ops/matmul, case plain, inputs: no 'q', only a, b.");
    expect(() => first?.inputs.integers("a")).toThrow("inputs.a: expected Int32Array, got Float32Array");
  });

  test("a model: weights, and lengths for its padded outputs", () => {
    const [first] = loadBook("models/conformer_layer_norm").cases;
    expect(first?.params.get("encoder.embed.conv.0.weight").trainable).toBe(true);
    const lengths = first?.outputs.integers("encoded_lengths").values;
    expect(first?.outputs.get("log_probs").valid).toEqual({ lengths, axis: 1 });
    expect(first?.paramGrads.names.length).toBeGreaterThan(50);
  });
});
