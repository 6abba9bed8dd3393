import { describe, expect, test } from "vitest";
import { compare, markdownTable, problems, slug, type Outcome } from "../../bench/peers/lib/table.mjs";

const ms = (medianMs: number, spreadMs = 0): Outcome => ({ status: "timed", medianMs, spreadMs });
const wrong: Outcome = { status: "wrong", problem: "differs from the reference by 2.0e-1 of its norm" };
const notOffered: Outcome = { status: "not offered" };

const only = (work: string, outcomes: Record<string, Outcome>) =>
  compare(
    Object.fromEntries(Object.entries(outcomes).map(([contestant, outcome]) => [contestant, { [work]: outcome }])),
    [work],
  )[0]!;

describe("compare", () => {
  test("the ratio is the fastest peer's time over unfold's", () => {
    const { rival, ratio, met } = only("softmax", { unfold: ms(2), tfjs: ms(30), "jax-js": ms(9), "ort-node": ms(14) });
    expect({ rival, ratio, met }).toEqual({ rival: "jax-js", ratio: 4.5, met: true });
  });

  test("a ratio just below its target is not met, one that equals it is", () => {
    expect(only("softmax", { unfold: ms(1), tfjs: ms(3.99) }).met).toBe(false);
    expect(only("softmax", { unfold: ms(1), tfjs: ms(4) }).met).toBe(true);
  });

  test("a wrong peer is no rival, however fast", () => {
    expect(only("attn", { unfold: ms(20), tfjs: ms(100), "ort-web": wrong }).rival).toBe("tfjs");
  });

  test("PyTorch on the CPU is compared with only where no peer does the work", () => {
    expect(only("softmax", { unfold: ms(2), tfjs: ms(30), "torch-cpu": ms(0.2) }).rival).toBe("tfjs");
    expect(only("ctc_fb", { unfold: ms(60), tfjs: notOffered, "torch-cpu": ms(30) })).toMatchObject({
      rival: "torch-cpu",
      ratio: 0.5,
      met: undefined,
    });
  });

  test("a product needs its rate as well: 2 · 256³ in 5 ms are 6.7 GFLOP/s, in 6 ms 5.6", () => {
    expect(only("mm256", { unfold: ms(5), tfjs: ms(20) }).met).toBe(true);
    expect(only("mm256", { unfold: ms(6), tfjs: ms(20) }).met).toBe(false);
  });

  test("a dispatch has to stay below 25 µs, and needs no rival for that: 100 of them in 2.4 and 2.5 ms", () => {
    expect(only("tiny100", { unfold: ms(2.4) }).met).toBe(true);
    expect(only("tiny100", { unfold: ms(2.5) }).met).toBe(false);
  });

  test("without a peer a ratio is open, without a right result of unfold it is missed", () => {
    expect(only("softmax", { unfold: ms(2) })).toMatchObject({ rival: undefined, ratio: undefined, met: undefined });
    expect(only("softmax", { unfold: wrong, tfjs: ms(30) })).toMatchObject({ ratio: undefined, met: false });
  });
});

test("the table shows the value in the work's unit with its spread, and no time for a wrong result", () => {
  const table = markdownTable(
    compare(
      { unfold: { softmax: ms(2, 0.1), tiny100: ms(2) }, tfjs: { softmax: wrong, tiny100: ms(14) }, "ort-web": {} },
      ["softmax", "tiny100"],
    ),
  );
  expect(table.split("\n")).toEqual([
    "| work                              | unit |   unfold | TensorFlow.js | onnxruntime-web |          × best peer |  target | met |",
    "|-----------------------------------|-----:|---------:|--------------:|----------------:|---------------------:|--------:|----:|",
    "| softmax [3200,100]                | GB/s | 1.28 ±5% |         WRONG |               - |                    - |     4 × |   - |",
    "| one of 100 dependent tiny kernels |   µs | 20.0 ±0% |       140 ±0% |               - | 7.00 (TensorFlow.js) | < 25 µs | yes |",
  ]);
});

test("what did not work is named with its problem", () => {
  expect(problems(compare({ unfold: { softmax: ms(1) }, tfjs: { softmax: wrong } }, ["softmax"]))).toEqual([
    "TensorFlow.js, softmax [3200,100]: WRONG, differs from the reference by 2.0e-1 of its norm",
  ]);
});

test("an adapter's name becomes a file's", () => {
  expect(slug("llvmpipe (LLVM 15.0.6, 256 bits)")).toBe("llvmpipe-llvm-15-0-6-256-bits");
});
