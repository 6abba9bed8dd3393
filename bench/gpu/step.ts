// Times training steps of one benchmark configuration, with the share of every kernel, and writes results after each
// path:
//
//     node step.js conformer-12x256 --out step.json
import { parseArgs } from "node:util";
import { openDevice } from "../../engine/device.ts";
import { benchStep, type FailedPath, type PathResult } from "../steps/step.ts";
import { stepConfigurations } from "../steps/configurations.ts";
import { writeJson } from "./write_json.ts";

const {
  values: options,
  positionals: [name],
} = parseArgs({
  options: { out: { type: "string" }, small: { type: "boolean", default: false } },
  allowPositionals: true,
});
const configurations = stepConfigurations.filter((one) => one.name === name);
if (configurations.length === 0)
  throw new Error(`usage: step.js <${stepConfigurations.map((one) => one.name).join(" | ")}> [--out file] [--small]`);

const paths: (PathResult | FailedPath)[] = [];
const { adapter, results } = await benchStep({
  open: () => openDevice(),
  configurations,
  filter: "",
  ...(options.small && { budget: { time: 200, samples: 2, steps: 2 } }),
  onProgress: ({ label, path }) => {
    if (!path) return;
    paths.push(path);
    process.stdout.write(
      `${label}: ${path.status === "timed" ? `${path.timing.medianMs.toPrecision(4)} ms, first ${path.firstMs.toPrecision(4)} ms` : `FAILED: ${path.problem}`}\n`,
    );
    if (options.out !== undefined) writeJson(options.out, { configuration: name, paths });
  },
});
if (options.out !== undefined)
  writeJson(options.out, { adapter: adapter.name, driver: adapter.description, ...results[0] });
process.exitCode = paths.some(({ status }) => status === "failed") ? 1 : 0;
