import { workerData } from "node:worker_threads";
import { RunError, UserError } from "../../../engine/errors.ts";
import { answerJobs } from "../../threads/answer_jobs.ts";
import { FeatureComputer } from "./feature_computer.ts";
import type { FeatureAnswer, FeatureRequest, FeatureSettings } from "./request.ts";

const computer = new FeatureComputer(workerData as FeatureSettings);

answerJobs<FeatureRequest, FeatureAnswer>(
  (request) =>
    computer.compute(request).catch((error: unknown) => {
      if (error instanceof UserError) throw error;
      throw new RunError(`features could not be computed: ${request.path}: ${(error as Error).message}`);
    }),
  ({ values }) => (values ? [values.buffer as ArrayBuffer] : []),
);
