import { Worker } from "node:worker_threads";
import { RunError, UserError } from "../../engine/errors.ts";
import type { Job, JobResult } from "./answer_jobs.ts";
import type { ThreadEntry } from "./entry.ts";

/** Jobs queued per thread, so that the next one is there when it finishes one. */
const JOBS_PER_THREAD = 2;

interface Pending<Request, Answer> {
  readonly job: Job<Request>;
  /** Memory of the request that moves to the thread instead of being copied. */
  readonly transfers: readonly ArrayBuffer[];
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

interface Thread<Request, Answer> {
  readonly worker: Worker;
  readonly pending: Map<number, Pending<Request, Answer>>;
}

/**
 * Threads that answer requests, each by `answerJobs`, started on demand. Requests are answered in any order. An idle
 * pool does not keep the process alive.
 */
export class ThreadPool<Request, Answer> {
  readonly #size: number;
  readonly #settings: unknown;
  readonly #entry: ThreadEntry;
  readonly #does: string;
  readonly #threads: Thread<Request, Answer>[] = [];
  readonly #waiting: Pending<Request, Answer>[] = [];
  #nextId = 0;
  /** Why the pool has ended. */
  #ended: Error | undefined;

  /**
   * @param settings each thread's `workerData`
   * @param does     what the threads do, for messages, such as `computes features`
   */
  constructor(size: number, settings: unknown, entry: ThreadEntry, does: string) {
    this.#size = size;
    this.#settings = settings;
    this.#entry = entry;
    this.#does = does;
  }

  /** @throws what the thread threw; RunError if the thread failed; the reason given to `close` */
  compute(request: Request, transfers: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job: { id: this.#nextId++, request }, transfers, resolve, reject });
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
      const next = this.#waiting.shift() as Pending<Request, Answer>;
      thread.pending.set(next.job.id, next);
      thread.worker.ref();
      thread.worker.postMessage(next.job, next.transfers);
    }
  }

  #start(): Thread<Request, Answer> {
    const worker = new Worker(this.#entry.url, { workerData: this.#settings, execArgv: this.#entry.execArgv });
    const thread: Thread<Request, Answer> = { worker, pending: new Map() };
    worker.on("message", (result: JobResult<Answer>) => this.#finish(thread, result));
    worker.on("error", (error) => this.close(new RunError(`a thread that ${this.#does} failed: ${error.message}`)));
    worker.on("exit", (code) => this.close(new RunError(`a thread that ${this.#does} ended early, with code ${code}`)));
    this.#threads.push(thread);
    return thread;
  }

  #finish({ worker, pending }: Thread<Request, Answer>, result: JobResult<Answer>): void {
    const settled = pending.get(result.id);
    pending.delete(result.id);
    if (pending.size === 0) worker.unref();
    if ("answer" in result) settled?.resolve(result.answer);
    else settled?.reject(thrown(result.error));
    this.#assign();
  }
}

/** The error that a thread threw; only its name and message came through. */
function thrown({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === "UserError") return new UserError(message);
  if (name === "RangeError") return new RangeError(message);
  return new RunError(message);
}
