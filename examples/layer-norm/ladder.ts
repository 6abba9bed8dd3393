// The versions of layer norm's forward kernel, each compared with the definition in float64, then timed:
//
//     node --import ./scripts/typescript_loader.mjs examples/layer-norm/ladder.ts [ROWS COLS]
import { pathToFileURL } from "node:url";
import { openDevice, type Device } from "../../engine/device.ts";
import { defineKernel, spread, type Kernel } from "../../engine/kernel/kernel.ts";
import { normal } from "../../engine/random.ts";
import { release } from "../../engine/tensor.ts";
import { emptyTensor, read, tensor } from "../../engine/transfer.ts";
import { host } from "../../kernels/case.ts";
import { forwardKernels } from "../../kernels/layer_norm/kernels.ts";
import { layerNormReference } from "../../kernels/layer_norm/reference.ts";

type LayerNormKernel = Kernel<"x" | "scale" | "shift" | "y" | "stats", "rows" | "eps" | "cols", never>;

const declaration = {
  bindings: { x: "read", scale: "read", shift: "read", y: "read_write", stats: "read_write" },
  sizes: { rows: "u32", eps: "f32", cols: "u32" },
} as const;

/** Rows of a workgroup with the fewest lanes that a subgroup has on a CPU, four. */
const ROWS = 16;

const version = (name: string): LayerNormKernel =>
  defineKernel({
    ...declaration,
    file: new URL(`./${name}.wgsl`, import.meta.url),
    workgroups: ({ rows }) => (name === "v1" ? spread(rows, 32) : [Math.min(65535, Math.ceil(rows / ROWS))]),
  });

/** The steps of the ladder; the last is the product's own kernel. */
const LADDER: readonly (readonly [name: string, why: string, encode: LayerNormKernel["encode"]])[] = [
  ["v1", "one thread per row, a pass each for mean, variance and y", version("v1").encode],
  ["v2", "lanes along the columns, one column each", version("v2").encode],
  ["v3", "four columns per lane", version("v3").encode],
  ["v4", "both sums in one pass", version("v4").encode],
  [
    "v5",
    "two rows at a time",
    (target, bindings, sizes) => forwardKernels.subgroup_row.encode(target, bindings, sizes, { SILU: false }),
  ],
];

export interface Rung {
  readonly name: string;
  readonly why: string;
  /** The largest difference from the reference. */
  readonly error: number;
  /** Of a call: the least of several turns. */
  readonly milliseconds: number;
}

/** Runs every version on the same rows of normal numbers. */
export async function climb(device: Device, rows: number, cols: number, turns = 15, calls = 20): Promise<Rung[]> {
  const draw = (shape: number[], key: number) => host(shape, (i) => Math.fround(normal(key, i)));
  const values = { x: draw([rows, cols], 1), scale: draw([cols], 2), shift: draw([cols], 3) };
  const expected = layerNormReference(values.x, values.scale, values.shift, 1e-5);
  const place = ({ shape, data }: (typeof values)["x"]) => tensor(device, Float32Array.from(data), shape);
  const inputs = { x: place(values.x), scale: place(values.scale), shift: place(values.shift) };
  const rungs = [];
  for (const [name, why, encode] of LADDER) {
    const outputs = { y: emptyTensor(device, [rows, cols]), stats: emptyTensor(device, [rows, 2]) };
    const run = (): void => encode({ device }, { ...inputs, ...outputs }, { rows, eps: 1e-5, cols }, {});
    run();
    const got = await read(device, outputs.y);
    const error = expected.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (got[i] as number))), 0);
    rungs.push({ name, why, error, run, outputs, milliseconds: Infinity });
  }
  // In turns, so that a busy moment of the machine does not fall on one version alone.
  for (let turn = 0; turn < turns; turn++) {
    for (const rung of rungs) {
      const started = performance.now();
      for (let call = 0; call < calls; call++) rung.run();
      await read(device, rung.outputs.stats);
      rung.milliseconds = Math.min(rung.milliseconds, (performance.now() - started) / calls);
    }
  }
  for (const x of [...Object.values(inputs), ...rungs.flatMap(({ outputs }) => Object.values(outputs))]) release(x);
  return rungs.map(({ name, why, error, milliseconds }) => ({ name, why, error, milliseconds }));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [rows = 3200, cols = 256] = process.argv.slice(2).map(Number);
  const device = await openDevice();
  console.log(`[${rows}, ${cols}] on ${device.info.name}`);
  for (const { name, why, error, milliseconds } of await climb(device, rows, cols))
    console.log(`${name}  ${milliseconds.toFixed(2).padStart(6)} ms  error ${error.toExponential(0)}  ${why}`);
  device.close();
}
