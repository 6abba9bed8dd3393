// Exports one training step of a benchmark configuration for another implementation to repeat.
//
//     node export_step.js conformer-12x256 step.safetensors
import { openDevice } from "../../engine/device.ts";
import { exportStep } from "../steps/export.ts";
import { stepConfigurations } from "../steps/configurations.ts";

const [name, path] = process.argv.slice(2);
const configuration = stepConfigurations.find((one) => one.name === name);
if (!configuration || path === undefined)
  throw new Error(`usage: export_step.ts <${stepConfigurations.map((one) => one.name).join(" | ")}> <file>`);
const device = await openDevice();
const loss = await exportStep(device, configuration, path);
process.stdout.write(`${configuration.name}: a step on ${device.info.name}, loss ${String(loss)}, in ${path}\n`);
device.close();
