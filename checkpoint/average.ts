import { UserError } from "../engine/errors.ts";
import { showShape, sizeOf } from "../engine/shape.ts";
import { isDeepStrictEqual } from "node:util";
import { type Checkpoint, type CheckpointState } from "./checkpoint.ts";
import { loadCheckpoint } from "./checkpoint_file.ts";
import { isFloat, toFloat32 } from "./safetensors/half_precision.ts";
import type { SafeTensor } from "./safetensors/safetensors.ts";

/** Training-only tensors: the optimiser's moments, and the loss scale of f16. */
const LEFT_OUT = /^(first_moment|second_moment)\/|^loss_scale$/u;

/**
 * Averages the values of several checkpoints, running statistics included: summed element by element in float64,
 * rounded once to float32. The state and any loss scale are the newest checkpoint's; moments are left out.
 *
 * @param paths checkpoint files or run folders, two or more
 * @throws UserError naming the file that cannot be read, or whose tensors, units, normalisation or block order differ
 *   from the first's
 */
export function averageCheckpoints(paths: readonly string[]): Checkpoint {
  let first: Checkpoint | undefined;
  let newest: CheckpointState | undefined;
  let lossScale: SafeTensor | undefined;
  const steps: number[] = [];
  const sums = new Map<string, { shape: readonly number[]; values: Float64Array }>();
  for (const path of paths) {
    const checkpoint = loadCheckpoint(path);
    const { state, tensors } = checkpoint;
    first ??= checkpoint;
    expectSameTraining(checkpoint, first);
    const values = [...tensors].filter(([name]) => !LEFT_OUT.test(name));
    if (checkpoint === first)
      for (const [name, { shape }] of values) sums.set(name, { shape, values: new Float64Array(sizeOf(shape)) });
    expectSameTensors(checkpoint, new Map(values), first, sums);
    for (const [name, tensor] of values) {
      const sum = (sums.get(name) as { values: Float64Array }).values;
      toFloat32(tensor).forEach((value, i) => (sum[i] = (sum[i] as number) + value));
    }
    steps.push(state.step);
    if (!newest || newest.step <= state.step) {
      const scale = tensors.get("loss_scale");
      newest = state;
      lossScale = scale && ({ ...scale } as SafeTensor); // read while the file is open
    }
    checkpoint.close();
  }
  if (!first || !newest) throw new UserError("averaging needs at least one checkpoint, got none");
  const means = [...sums].map(([name, { shape, values }]): [string, SafeTensor] => [
    name,
    { dtype: "F32", shape, values: Float32Array.from(values, (sum) => sum / paths.length) },
  ]);
  return {
    path: first.path,
    state: { ...newest, averageOf: steps },
    tensors: new Map([...means, ...(lossScale ? [["loss_scale", lossScale] as const] : [])]),
  };
}

/** What the weights were trained with: averaging weights trained with different ones is meaningless. */
const TRAINED_WITH: readonly (readonly [string, (state: CheckpointState) => unknown])[] = [
  ["other units", ({ units }) => units],
  ["other feature statistics", ({ cmvn }) => cmvn],
  ["another order of blocks", ({ config }) => (config["unfold"] as { order?: unknown }).order],
  // Heads, which no tensor's shape need show.
  ["another number of attention heads", ({ config }) => modelOf(config).heads],
  ["another decoder", ({ config }) => modelOf(config).decoder?.heads ?? null],
  ["other repeatable blocks", ({ config }) => (config["unfold"] as { repeatable?: unknown }).repeatable ?? null],
];

const modelOf = ({ model }: CheckpointState["config"]): { heads?: unknown; decoder?: { heads?: unknown } | null } =>
  model as object;

function expectSameTraining({ path, state }: Checkpoint, first: Checkpoint): void {
  const other = TRAINED_WITH.find(([, of]) => !isDeepStrictEqual(of(state), of(first.state)));
  if (other) throw new UserError(`${path} has ${other[0]} than ${first.path}, so they cannot be averaged`);
}

function expectSameTensors(
  checkpoint: Checkpoint,
  values: ReadonlyMap<string, SafeTensor>,
  first: Checkpoint,
  sums: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): void {
  for (const name of new Set([...sums.keys(), ...values.keys()])) {
    const [expected, found] = [sums.get(name), values.get(name)];
    const say = (shape: readonly number[] | undefined): string => (shape ? showShape(shape) : "missing");
    if (!expected || !found || showShape(expected.shape) !== showShape(found.shape)) {
      throw new UserError(
        `${checkpoint.path} is a different model from ${first.path}: ${name} is ${say(found?.shape)}, expected ${say(expected?.shape)}`,
      );
    }
    if (!isFloat(found))
      throw new UserError(`${checkpoint.path}: ${name} has type ${found.dtype}, expected a floating-point one`);
  }
}
