import { Worker } from "node:worker_threads";
import { RunError, UserError } from "../../../engine/errors.ts";
import { threadEntry, type ThreadEntry } from "./entry.ts";
import type { FeatureAnswer, FeatureRequest, FeatureSettings } from "./request.ts";
import type { Job, JobResult } from "./thread.ts";

/** Jobs queued per thread, so that the next one is there when it finishes one. */
const JOBS_PER_THREAD = 2;

interface Pending {
  readonly job: Job;
  readonly resolve: (answer: FeatureAnswer) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

/**
 * Threads that compute features, started on demand. Requests are answered in any order. An idle pool does not keep the
 * process alive.
 */
export class ThreadPool {
  readonly #size: number;
  readonly #settings: FeatureSettings;
  readonly #entry: ThreadEntry;
  readonly #threads: Thread[] = [];
  readonly #waiting: Pending[] = [];
  #nextId = 0;
  /** Why the pool has ended. */
  #ended: Error | undefined;

  constructor(size: number, settings: FeatureSettings, entry: ThreadEntry = threadEntry()) {
    this.#size = size;
    this.#settings = settings;
    this.#entry = entry;
  }

  /** @throws UserError if a file cannot be read; RunError if the thread failed; the reason given to `close` */
  compute(request: FeatureRequest): Promise<FeatureAnswer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job: { id: this.#nextId++, request }, resolve, reject });
      this.#assign();
    });
  }

  /** Terminates the threads and rejects pending requests. */
  close(reason: Error): void {
    this.#ended ??= reason;
    for (const { reject } of [
      ...this.#waiting.splice(0),
      ...this.#threads.flatMap(({ pending }) => [...pending.values()]),
    ])
      reject(this.#ended);
    for (const { worker } of this.#threads.splice(0)) void worker.terminate();
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const leastBusy = this.#threads.toSorted((a, b) => a.pending.size - b.pending.size)[0];
      const thread =
        this.#threads.length < this.#size && (leastBusy?.pending.size ?? 1) > 0 ? this.#start() : leastBusy;
      if (!thread || thread.pending.size >= JOBS_PER_THREAD) return;
      const next = this.#waiting.shift() as Pending;
      thread.pending.set(next.job.id, next);
      thread.worker.ref();
      thread.worker.postMessage(next.job);
    }
  }

  #start(): Thread {
    const worker = new Worker(this.#entry.url, { workerData: this.#settings, execArgv: this.#entry.execArgv });
    const thread: Thread = { worker, pending: new Map() };
    worker.on("message", (result: JobResult) => this.#finish(thread, result));
    worker.on("error", (error) => this.close(new RunError(`a thread that computes features failed: ${error.message}`)));
    worker.on("exit", (code) =>
      this.close(new RunError(`a thread that computes features ended early, with code ${code}`)),
    );
    this.#threads.push(thread);
    return thread;
  }

  #finish({ worker, pending }: Thread, result: JobResult): void {
    const settled = pending.get(result.id);
    pending.delete(result.id);
    if (pending.size === 0) worker.unref();
    if ("answer" in result) settled?.resolve(result.answer);
    else
      settled?.reject(
        "userError" in result
          ? new UserError(result.userError)
          : new RunError(`features could not be computed: ${result.failure}`),
      );
    this.#assign();
  }
}
