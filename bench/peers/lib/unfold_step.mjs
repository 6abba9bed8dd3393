// unfold's training step, which PyTorch repeats: both from the same weights, on the same batch.
import { repeatedStep } from "../../../dist/bench/steps/step.js";
import { randomBatch } from "../../../dist/bench/steps/batch.js";
import { stepConfigurations, trainConfigOf } from "../../../dist/bench/steps/configurations.js";
import { exportStep } from "../../../dist/bench/steps/export.js";
import { buildModel } from "../../../dist/checkpoint/build_model.js";
import { trainingPaths } from "../../../dist/train/training_paths.js";

/**
 * @param {import("../../../dist/index.js").Device} device
 * @param {string} name of the configuration
 * @param {string} file gets the step
 * @returns {Promise<import("./measure.mjs").Prepared>}
 */
export async function prepareStep(device, name, file) {
  const configuration = stepConfigurations.find((one) => one.name === name);
  await exportStep(device, configuration, file);
  const config = trainConfigOf(configuration);
  const built = buildModel(device, config, configuration.vocabulary, { optimizer: true, blank: 0 });
  const batch = randomBatch(device, configuration, config);
  const paths = trainingPaths(config, 0);
  return {
    call: repeatedStep(device, built, batch, paths, config),
    finish: () => device.finish(),
  };
}
