// What a GPU computes, compared with float64: the usual variant of every operation at all its test cases, then whole models with
// PyTorch's values. f32 and f16 each have a verdict of their own, since a driver may be older than Dawn wants for f16.
//
//     node verify.js --precision f16 --out verify_f16.json [--part 0/4] [--small]
import { parseArgs } from "node:util";
import { openDevice, type Device } from "../../engine/device.ts";
import type { KernelCase } from "../../kernels/case.ts";
import { conformerChecks } from "../../test/reference/models/conformer_checks.ts";
import { WAV2VEC2_MODELS, wav2vec2Checks } from "../../test/reference/models/wav2vec2_checks.ts";
import { findDifference } from "../check_case.ts";
import { loadOperations } from "../operations.ts";
import { matrixUnitChecks } from "./matrix_units.ts";
import { writeJson } from "./write_json.ts";

interface Check {
  readonly name: string;
  /** What is wrong, or undefined. */
  readonly run: (device: Device) => Promise<string | undefined>;
}

interface Verdict {
  readonly name: string;
  readonly ms: number;
  /** Absent where all agrees. */
  readonly difference?: string;
}

const { values: options } = parseArgs({
  options: { precision: { type: "string", default: "f32" }, out: { type: "string" }, part: { type: "string", default: "0/1" }, small: { type: "boolean", default: false } },
});
const half = options.precision === "f16";
const [part, parts] = options.part.split("/").map(Number) as [number, number];

let device = await openDevice();
const { name: adapter, description: driver, halfDoubtful = false } = device.info;
const offered = !half || device.features.has("shader-f16");
const checks = offered ? (await checksOf(half)).filter((_, i) => i % parts === part) : [];
const verdicts: Verdict[] = [];
const write = (): void => {
  if (options.out !== undefined) writeJson(options.out, { adapter, driver, precision: options.precision, offered, halfDoubtful, checks: checks.length, verdicts });
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
process.stdout.write(offered ? `${options.precision}, part ${options.part}: ${verdicts.length - wrong} right, ${wrong} wrong\n` : `${adapter} offers no f16\n`);
process.exitCode = wrong > 0 ? 1 : 0;

/** The riskiest first. */
async function checksOf(half: boolean): Promise<Check[]> {
  const { operations, broken } = await loadOperations();
  if (broken[0]) throw new Error(`${broken[0].operation}: ${broken[0].problem}`);
  const few = /^(matmul|softmax|layer_norm|grad_norm|glu)$/;
  const cases = operations
    .filter(({ operation }) => !options.small || few.test(operation))
    .flatMap(({ operation, cases }) => cases.filter(({ benchmark }) => !benchmark).map((kernelCase) => ({ operation, kernelCase })));
  const ofCase = (operation: string, kernelCase: KernelCase, halves: readonly string[]): Check => ({
    name: `${operation}: ${kernelCase.name}`, run: (device) => findDifference(device, kernelCase, halves),
  });
  if (half) return [...matrixUnitChecks(options.small), ...cases.flatMap(({ operation, kernelCase }) => (kernelCase.half ? [ofCase(operation, kernelCase, kernelCase.half)] : []))];
  return [...cases.map(({ operation, kernelCase }) => ofCase(operation, kernelCase, [])), ...modelChecks()];
}

function modelChecks(): Check[] {
  const models = options.small
    ? { hubert_base: wav2vec2Checks("hubert_base") }
    : {
        conformer_layer_norm: conformerChecks("models/conformer_layer_norm"),
        conformer_batch_norm: conformerChecks("models/conformer_batch_norm"),
        ...Object.fromEntries(WAV2VEC2_MODELS.map((model) => [model, wav2vec2Checks(model)])),
      };
  return Object.entries(models).flatMap(([model, checks]) =>
    checks.map(({ name, run }) => ({ name: `${model}: ${name}`, run: (device: Device) => run(device).then(() => undefined) })));
}
