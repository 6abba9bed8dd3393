// Compares what a GPU computes with float64: the usual variant of every operation on all its test cases, then whole
// models against PyTorch's values. f32 and f16 have separate verdicts, since a driver may be too old for Dawn to trust
// its f16.
//
//     node verify.js --precision f16 --out verify_f16.json [--part 0/4] [--small]
import { parseArgs } from "node:util";
import { openDevice } from "../../engine/device.ts";
import type { KernelCase } from "../../kernels/case.ts";
import { conformerChecks } from "../../test/reference/models/conformer_checks.ts";
import type { ModelCheck } from "../../test/reference/models/reference_model.ts";
import { WAV2VEC2_MODELS, wav2vec2Checks } from "../../test/reference/models/wav2vec2_checks.ts";
import { findDifference } from "../check_case.ts";
import { loadOperations } from "../operations.ts";
import type { Check } from "./checks/check.ts";
import { matrixUnitChecks } from "./checks/matrix_units.ts";
import { notANumberChecks } from "./checks/not_a_number.ts";
import { writeJson } from "./write_json.ts";

interface Verdict {
  readonly name: string;
  readonly ms: number;
  /** Absent if all agrees. */
  readonly difference?: string;
}

const { values: options } = parseArgs({
  options: {
    precision: { type: "string", default: "f32" },
    out: { type: "string" },
    part: { type: "string", default: "0/1" },
    small: { type: "boolean", default: false },
  },
});
const half = options.precision === "f16";
const [part, parts] = options.part.split("/").map(Number) as [number, number];

let device = await openDevice();
const { name: adapter, description: driver, halfDoubtful = false } = device.info;
const offered = !half || device.features.has("shader-f16");
const matrixUnits = device.features.has("chromium-experimental-subgroup-matrix");
const checks = offered ? (await checksOf(half)).filter((_, i) => i % parts === part) : [];
const verdicts: Verdict[] = [];
const write = (): void => {
  if (options.out !== undefined)
    writeJson(options.out, {
      adapter,
      driver,
      precision: options.precision,
      offered,
      halfDoubtful,
      matrixUnits,
      checks: checks.length,
      verdicts,
    });
};
write();
for (const { name, run } of checks) {
  const begin = performance.now();
  const difference = await run(device).catch((error: Error) => `failed: ${error.message}`);
  verdicts.push({ name, ms: Math.round(performance.now() - begin), ...(difference !== undefined && { difference }) });
  write();
  if (difference === undefined) continue;
  process.stdout.write(`${name}: ${difference}\n`);
  device.close(); // it may be broken
  device = await openDevice();
}
device.close();
const wrong = verdicts.filter(({ difference }) => difference !== undefined).length;
process.stdout.write(
  offered
    ? `${options.precision}, part ${options.part}: ${verdicts.length - wrong} right, ${wrong} wrong\n`
    : `${adapter} offers no f16\n`,
);
process.exitCode = wrong > 0 ? 1 : 0;

/**
 * First the operations of a Conformer's step, then whole models, then the other operations: a time limit cuts off the
 * end.
 */
async function checksOf(half: boolean): Promise<Check[]> {
  const { operations, broken } = await loadOperations();
  if (broken[0]) throw new Error(`${broken[0].operation}: ${broken[0].problem}`);
  const few = /^(matmul|softmax|layer_norm|grad_norm|glu)$/;
  const ofTheStep = /^(matmul|linear|attention|conv2d|layer_norm|depthwise_conv|glu|ctc_loss|adamw|grad_norm|dropout)$/;
  const rank = ({ operation }: { readonly operation: string }): number => Number(!ofTheStep.test(operation));
  const cases = operations
    .filter(({ operation }) => !options.small || few.test(operation))
    .sort((a, b) => rank(a) - rank(b))
    .flatMap(({ operation, cases }) =>
      cases.filter(({ benchmark }) => !benchmark).map((kernelCase) => ({ operation, kernelCase })),
    );
  const ofCase = (operation: string, kernelCase: KernelCase, halves: readonly string[]): Check => ({
    name: `${operation}: ${kernelCase.name}`,
    run: (device) => findDifference(device, kernelCase, halves),
  });
  if (half)
    return [
      ...(matrixUnits ? matrixUnitChecks : []),
      ...cases.flatMap(({ operation, kernelCase }) =>
        kernelCase.half ? [ofCase(operation, kernelCase, kernelCase.half)] : [],
      ),
    ];
  const ofCases = (which: 0 | 1): Check[] =>
    cases.filter((each) => rank(each) === which).map(({ operation, kernelCase }) => ofCase(operation, kernelCase, []));
  return [...notANumberChecks, ...ofCases(0), ...modelChecks(), ...ofCases(1)];
}

function modelChecks(): Check[] {
  const models: Readonly<Record<string, () => ModelCheck[]>> = {
    hubert_base: () => wav2vec2Checks("hubert_base"),
    ...(!options.small && {
      conformer_layer_norm: () => conformerChecks("models/conformer_layer_norm"),
      conformer_batch_norm: () => conformerChecks("models/conformer_batch_norm"),
      ...Object.fromEntries(WAV2VEC2_MODELS.map((model) => [model, () => wav2vec2Checks(model)])),
    }),
  };
  return Object.entries(models).flatMap(([model, load]): Check[] => {
    try {
      return load().map(({ name, run }) => ({
        name: `${model}: ${name}`,
        run: (device) => run(device).then(() => undefined),
      }));
    } catch (error) {
      return [
        { name: model, run: () => Promise.resolve(`its reference values cannot be read: ${(error as Error).message}`) },
      ];
    }
  });
}
