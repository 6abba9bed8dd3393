import { parentPort } from "node:worker_threads";

/** Message to a thread. */
export interface Job<Request> {
  readonly id: number;
  readonly request: Request;
}

/** Message from a thread: an answer, or the error that it ended in. */
export type JobResult<Answer> = { readonly id: number } & (
  { readonly answer: Answer } | { readonly error: { readonly name: string; readonly message: string } }
);

/**
 * Answers the jobs that a `ThreadPool` sends to this thread, one at a time, in the order received.
 *
 * @param transfers the memory of an answer that moves to the main thread instead of being copied
 */
export function answerJobs<Request, Answer>(
  work: (request: Request) => Answer | Promise<Answer>,
  transfers: (answer: Answer) => ArrayBuffer[] = () => [],
): void {
  const post = (result: JobResult<Answer>, moved: ArrayBuffer[] = []): void => parentPort?.postMessage(result, moved);
  let previous: Promise<unknown> = Promise.resolve();
  const answer = async ({ id, request }: Job<Request>): Promise<void> => {
    try {
      const found = await work(request);
      post({ id, answer: found }, transfers(found));
    } catch (error) {
      const { name, message } = error as Error;
      post({ id, error: { name, message } });
    }
  };
  parentPort?.on("message", (job: Job<Request>) => (previous = previous.then(() => answer(job))));
}
