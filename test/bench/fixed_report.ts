import type { BenchReport, CaseChoice, KernelResult, PassTiming } from "../../bench/report/schema.ts";

const pass = (medianMs: number, movedBytes: number): PassTiming => ({
  medianMs,
  spreadMs: medianMs / 50,
  samples: 9,
  callsPerSample: 4,
  clock: "timestamps",
  firstMs: 80,
  movedBytes,
  dispatches: 2,
});

interface Numbers {
  ms: number;
  flops: number;
  bytes: number;
  share: number;
  backwardMs?: number;
  choices?: CaseChoice[];
}

const timed = (
  operation: string,
  name: string,
  { ms, flops, bytes, share, backwardMs, choices = [] }: Numbers,
): KernelResult => ({
  operation,
  case: name,
  status: "timed",
  flops,
  bytes,
  copies: 12,
  choices,
  forward: {
    ...pass(ms, 2 * bytes),
    gflopsPerSecond: flops / ms / 1e6,
    gigabytesPerSecond: bytes / ms / 1e6,
    roofShare: share,
  },
  forwardBackward: backwardMs === undefined ? null : pass(backwardMs, 5 * bytes),
});

const variant = (name: string, medianMs: number) => ({
  name,
  medianMs,
  spreadMs: 0.01,
  samples: 5,
  callsPerSample: 4,
  clock: "timestamps" as const,
});

const product: CaseChoice = {
  operation: "matmul",
  sizes: { rows: 512, transposeA: true },
  pass: "forward",
  chosen: "tile",
  variants: [variant("plain", 100), variant("tile", 20), { name: "broken <tile>", problem: "y: 3 of 9 values differ" }],
};

/** A report of 10 GB/s and 100 GFLOP/s, as a file would hold it. */
export const fixedReport = (): BenchReport => ({
  format: "unfold bench",
  version: 1,
  date: "2000-01-01T00:00:00.000Z",
  command: "unfold bench --json a.json",
  adapter: "Abacus <2>",
  driver: "beads 1.0",
  kind: "gpu",
  method: ["Measured with care."],
  kernels: {
    clock: { name: "timestamps", why: "they are sane" },
    roof: { gigabytesPerSecond: 10, gflopsPerSecond: 100, halfGflopsPerSecond: null, copies: [] },
    results: [
      timed("matmul", "512 cubed", { ms: 20, flops: 1e9, bytes: 1e6, share: 0.5, backwardMs: 70, choices: [product] }),
      timed("layer_norm", "800 x 256", { ms: 1, flops: 1e6, bytes: 2e6, share: 0.2, backwardMs: 3 }),
      timed("permute", "odd", { ms: 4, flops: 0, bytes: 4e6, share: 0.1 }),
      { operation: "softmax", case: "wide", status: "wrong", problem: "y: 1 of 15 values differ" },
    ],
  },
  step: null,
});
