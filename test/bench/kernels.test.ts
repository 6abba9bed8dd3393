import { beforeAll, describe, expect, it } from "vitest";
import { chooseClock } from "../../bench/choose_clock.ts";
import {
  benchKernels,
  type BenchProgress,
  type DeviceMeasurements,
  type KernelBenchOptions,
} from "../../bench/kernels.ts";
import { kernelTable } from "../../bench/kernel_table.ts";
import type { FoundOperations } from "../../bench/operations.ts";
import { throwUntimed } from "../../bench/run_bench.ts";
import { exitCode } from "../../cli/terminal/exit.ts";
import { openDevice } from "../../engine/device.ts";
import { emptyTensor } from "../../engine/transfer.ts";
import { host, type KernelCase } from "../../kernels/case.ts";
import { scale } from "../../kernels/pointwise/unary.ts";
import type { KernelReport } from "../../bench/report/schema.ts";
import { build, unfold } from "../built.ts";

/** Doubles x; the variations below are wrong in one way each. */
const double: KernelCase = {
  name: "right",
  inputs: { x: { shape: [3, 5] } },
  run: (tape, { x }) => scale(tape, x!, 2),
  reference: ({ x }) => host([3, 5], (i) => 2 * x!.data[i]!),
  referenceGradients: (_, dy) => ({ x: host([3, 5], (i) => 2 * dy.data[i]!) }),
  flops: 15,
  bytes: 120,
  benchmark: true,
};
const wrong: KernelCase = {
  ...double,
  name: "wrong",
  reference: ({ x }) => host([3, 5], (i) => (i === 7 ? 9 : 2 * x!.data[i]!)),
};
const wrongGradient: KernelCase = { ...double, name: "wrong gradient", referenceGradients: (_, dy) => ({ x: dy }) };
const wrongShape: KernelCase = {
  ...double,
  name: "wrong shape",
  reference: ({ x }) => host([15], (i) => 2 * x!.data[i]!),
};
const throwing: KernelCase = {
  ...double,
  name: "throwing",
  run: () => {
    throw new Error("double: no such thing");
  },
};
const leaking: KernelCase = {
  ...double,
  name: "leaking",
  run: (tape, { x }) => (emptyTensor(tape.device, [100]), scale(tape, x!, 2)),
};
const { referenceGradients: _, ...forwardOnly } = { ...double, name: "forward only" };
const small: KernelCase = { ...double, name: "small", benchmark: false };

const list = (...cases: KernelCase[]): FoundOperations => ({
  operations: [{ operation: "double", cases }],
  broken: [],
});

/** Measured once, with a roof of its own that takes no time to find. */
let measured: DeviceMeasurements;
beforeAll(async () => {
  const device = await openDevice();
  const roof = { gigabytesPerSecond: 10, gflopsPerSecond: 100, halfGflopsPerSecond: null, copies: [] };
  measured = { adapter: device.info, clock: await chooseClock(device), roof };
  device.close();
});

const run = (found: FoundOperations, options: Partial<KernelBenchOptions> = {}) =>
  benchKernels(found, {
    open: openDevice,
    measured,
    budget: { time: 1, samples: 2, warmup: 1, sample: 0 },
    ...options,
  });

const untimed = (kernels: KernelReport): void => throwUntimed({ kernels, step: null });

function codeOf(action: () => void): number {
  try {
    action();
    return 0;
  } catch (error) {
    return exitCode(error);
  }
}

describe("the kernel benchmark", () => {
  it("times what is correct, forward and with backward", async () => {
    const seen: BenchProgress[] = [];
    const report = await run(list(double, forwardOnly), { onProgress: (progress) => seen.push(progress) });
    const timing = {
      medianMs: expect.any(Number),
      spreadMs: expect.any(Number),
      samples: expect.any(Number),
      callsPerSample: 2,
      firstMs: expect.any(Number),
      clock: report.clock.name,
      movedBytes: 120,
      dispatches: 1,
      shaders: ["pointwise/unary"],
    };
    const forward = {
      ...timing,
      gflopsPerSecond: expect.any(Number),
      gigabytesPerSecond: expect.any(Number),
      roofShare: expect.any(Number),
    };
    const accuracy = { of: expect.stringMatching(/^d?[xy]$/), error: 0, allowed: expect.any(Number) };
    const timed = { status: "timed", flops: 15, bytes: 120, copies: 128, accuracy, choices: [], forward };
    const shared = { operation: "double", ...timed };
    expect(report.results).toEqual([
      {
        ...shared,
        case: "right",
        forwardBackward: {
          ...timing,
          movedBytes: expect.any(Number),
          dispatches: expect.any(Number),
          shaders: expect.any(Array),
        },
      },
      { ...shared, case: "forward only", forwardBackward: null },
    ]);
    expect(codeOf(() => untimed(report))).toBe(0);
    expect(seen.filter(({ outcome }) => outcome).map(({ done, total, label }) => `${done}/${total} ${label}`)).toEqual([
      "1/2 double: right",
      "2/2 double: forward only",
    ]);
  });

  it("refuses to time what is wrong, names the first difference, goes on, and ends with 1", async () => {
    const report = await run(list(wrong, wrongGradient, wrongShape, throwing, leaking, double));
    expect(
      report.results.map((result) => [result.case, result.status, result.status === "timed" ? "" : result.problem]),
    ).toEqual([
      ["wrong", "wrong", expect.stringMatching(/^y: 1 of 15 values differ; first at \[1, 2\]: expected 9, got -?\d/)],
      ["wrong gradient", "wrong", expect.stringMatching(/^dx: 15 of 15 values differ; first at \[0, 0\]: /)],
      ["wrong shape", "wrong", "y: expected shape [15], got [3, 5]"],
      ["throwing", "failed", "double: no such thing"],
      ["leaking", "failed", expect.stringMatching(/^the buffer pool grew by \d+ bytes/)],
      ["right", "timed", ""],
    ]);
    expect(report.results[0]).not.toHaveProperty("forward");
    expect(kernelTable(report)).toMatch(/double +wrong +WRONG\n(.*\n)*\nWRONG double: wrong: y: 1 of 15 values differ/);
    expect(codeOf(() => untimed(report))).toBe(1);
  });

  it("says which operation's cases do not load, and ends with 1", async () => {
    const report = await run({
      ...list(double),
      broken: [{ operation: "halve", problem: "its cases do not load: no" }],
    });
    expect(report.results[0]).toEqual({
      operation: "halve",
      case: null,
      status: "failed",
      problem: "its cases do not load: no",
    });
    expect(codeOf(() => untimed(report))).toBe(1);
  });

  it("selects benchmark cases, by name, or all", async () => {
    const names = async (options: Partial<KernelBenchOptions>): Promise<(string | null)[]> =>
      (await run(list(double, forwardOnly, small), options)).results.map((result) => result.case);
    expect(await names({ filter: "DOUBLE: F" })).toEqual(["forward only"]);
    expect(await names({ filter: "small", all: true })).toEqual(["small"]);
    await expect(names({ filter: "small" })).rejects.toThrow(
      "--filter: no benchmark case contains 'small'; the operations are double",
    );
  });
});

describe("unfold bench kernels", () => {
  beforeAll(build);

  it("times the package's own operations, with progress on stderr", async () => {
    const { status, stdout, stderr } = await unfold([
      "bench",
      "kernels",
      "--all",
      "--filter",
      "layer_norm: odd",
      "--json",
      "-",
    ]);
    expect(stderr).toMatch(/^1\/1 layer_norm: odd: \S+ ms$/m);
    expect(JSON.parse(stdout)).toMatchObject({
      format: "unfold bench",
      kernels: { results: [{ operation: "layer_norm", case: "odd", status: "timed" }] },
      step: null,
    });
    expect(status).toBe(0);
  });

  it("ends with 2 when nothing has that name", async () => {
    const { status, stderr } = await unfold(["bench", "kernels", "--filter", "abacus"]);
    expect(stderr).toMatch(/^unfold: --filter: no benchmark case contains 'abacus'; the operations are .*layer_norm/);
    expect(status).toBe(2);
  });
});
