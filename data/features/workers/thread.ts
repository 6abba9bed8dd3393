import { parentPort, workerData } from "node:worker_threads";
import { UserError } from "../../../engine/errors.ts";
import { FeatureComputer } from "./feature_computer.ts";
import type { FeatureAnswer, FeatureRequest, FeatureSettings } from "./request.ts";

/** Message to a thread. */
export interface Job {
  readonly id: number;
  readonly request: FeatureRequest;
}

/** Message from a thread: an answer, a message about the user's file, or an internal failure. */
export type JobResult = { readonly id: number } & (
  { readonly answer: FeatureAnswer } | { readonly userError: string } | { readonly failure: string }
);

const computer = new FeatureComputer(workerData as FeatureSettings);
let previous: Promise<unknown> = Promise.resolve();

// One job at a time, in the order received.
parentPort?.on("message", (job: Job) => (previous = previous.then(() => work(job))));

async function work({ id, request }: Job): Promise<void> {
  const post = (result: JobResult, transfer: ArrayBuffer[] = []): void => parentPort?.postMessage(result, transfer);
  try {
    const answer = await computer.compute(request);
    post({ id, answer }, answer.values ? [answer.values.buffer as ArrayBuffer] : []);
  } catch (error) {
    post({
      id,
      ...(error instanceof UserError
        ? { userError: error.message }
        : { failure: `${request.path}: ${(error as Error).message}` }),
    });
  }
}
