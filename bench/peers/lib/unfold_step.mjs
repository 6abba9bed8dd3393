// unfold's training step, which PyTorch repeats: both from the same weights, on the same batch.
import { join } from "node:path";
import { randomBatch } from "../../../dist/bench/step_batch.js";
import { stepConfigurations, trainConfigOf } from "../../../dist/bench/step_configurations.js";
import { exportStep } from "../../../dist/bench/step_export.js";
import { buildModel } from "../../../dist/checkpoint/build_model.js";
import { Tape } from "../../../dist/index.js";
import { trainingPaths } from "../../../dist/train/training_paths.js";
import { trainingStep } from "../../../dist/train/training_step.js";

/**
 * @param {import("../../../dist/index.js").Device} device
 * @param {string} name of the configuration
 * @param {string} folder gets the step as `<name>.safetensors`
 * @returns {Promise<import("./measure.mjs").Prepared>}
 */
export async function prepareStep(device, name, folder) {
  const configuration = stepConfigurations.find((one) => one.name === name);
  await exportStep(device, configuration, join(folder, `${name}.safetensors`));
  const config = trainConfigOf(configuration);
  const built = buildModel(device, config, configuration.vocabulary, { optimizer: true, blank: 0 });
  const batch = randomBatch(device, configuration, config);
  const paths = trainingPaths(config, 0);
  let step = 0;
  return {
    call: () => {
      const tape = new Tape(device, { seed: config.seed, step });
      try {
        trainingStep(tape, built, batch, paths, config, { learningRate: 1e-4, step: ++step });
      } finally {
        tape.end();
      }
    },
    finish: () => device.finish(),
  };
}
