// Kernels at sizes beyond any GPU's caches: each is checked against float64 at some hundred elements, then timed.
//
//     node large_cases.js --out large.json [--small] [--filter layer_norm]
import { parseArgs } from "node:util";
import { openDevice } from "../../../engine/device.ts";
import { chooseClock } from "../../choose_clock.ts";
import { measureRoof } from "../../roofline/measure_roof.ts";
import type { LargeCase } from "./case.ts";
import { copyBandwidth } from "./copy.ts";
import { measureCase, type LargeResult } from "./measure.ts";
import { adamwCase, depthwiseCase, layerNormCase, softmaxCase } from "./memory_cases.ts";
import { attentionCase, ctcCase, matmulCase } from "./product_cases.ts";
import { writeJson } from "../write_json.ts";
import allSizes from "../sizes.json" with { type: "json" };

interface Sizes {
  readonly copy: number;
  readonly rows: readonly [number, number];
  readonly adamw: number;
  readonly depthwise: readonly [number, number, number, number];
  readonly attention: readonly [number, number, number, number];
  readonly matmul: readonly [number, number, number];
  readonly ctc: readonly [number, number, number, number];
}

const casesOf = ({ rows, adamw, depthwise, attention, matmul, ctc }: Sizes, halves: boolean): LargeCase[] => [
  layerNormCase(rows),
  softmaxCase(rows),
  adamwCase(adamw),
  depthwiseCase(depthwise),
  ...(halves ? [false, true] : [false]).flatMap((half) =>
    (["NN", "NT", "TN"] as const).map((kind) => matmulCase(matmul, kind, half)),
  ),
  attentionCase(attention, false),
  attentionCase(attention, true),
  ctcCase(ctc),
];

const { values: options } = parseArgs({
  options: {
    out: { type: "string" },
    small: { type: "boolean", default: false },
    filter: { type: "string", default: "" },
  },
});
const sizes = allSizes[options.small ? "small" : "full"] as unknown as Sizes;
const device = await openDevice();
const clock = await chooseClock(device);
const roof = await measureRoof(device, clock.name);
const copy = await copyBandwidth(device, clock.name, sizes.copy);
process.stdout.write(`${device.info.name}, ${device.info.description}; clock: ${clock.name}, ${clock.why}\n`);
process.stdout.write(
  `copy of ${sizes.copy} floats: ${copy.gigabytesPerSecond.toFixed(0)} GB/s; f32 peak: ${roof.gflopsPerSecond.toFixed(0)} GFLOP/s\n`,
);

const results: LargeResult[] = [];
for (const large of casesOf(sizes, device.features.has("shader-f16")).filter(({ name }) =>
  name.includes(options.filter),
)) {
  const result = await measureCase(device, large, clock.name);
  results.push(result);
  process.stdout.write(`${describe(result)}\n`);
  // After every case, so that a time limit loses no measurement.
  if (options.out !== undefined)
    writeJson(options.out, { date: new Date().toISOString(), adapter: device.info, clock, sizes, roof, copy, results });
}
device.close();
process.exitCode = results.some(({ problem }) => problem !== undefined) ? 1 : 0;

function describe({ name, bound, forward, both, variants = {}, problem }: LargeResult): string {
  if (problem !== undefined) return `${name}: WRONG: ${problem}`;
  const passes = [
    ["forward", forward],
    ["with backward", both],
  ] as const;
  const rate = passes.flatMap(([label, pass]) => {
    if (!pass) return [];
    const share =
      bound === "memory"
        ? pass.gigabytesPerSecond / copy.gigabytesPerSecond
        : pass.gflopsPerSecond / roof.gflopsPerSecond;
    const speed =
      bound === "memory" ? `${pass.gigabytesPerSecond.toFixed(1)} GB/s` : `${pass.gflopsPerSecond.toFixed(1)} GFLOP/s`;
    return [
      `${label} ${pass.medianMs.toPrecision(4)} ms, ${speed}, ${(100 * share).toFixed(0)} % of the ${bound === "memory" ? "copy" : "f32 peak"}`,
    ];
  });
  const others = Object.entries(variants).map(
    ([label, ms]) => `\n    ${label}: ${typeof ms === "number" ? `${ms.toPrecision(4)} ms` : `WRONG: ${ms}`}`,
  );
  return `${name}: ${rate.join("; ")}${others.join("")}`;
}
