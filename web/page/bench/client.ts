import type { BenchAnswer, BenchNews, BenchRequest } from "../../bench_protocol.ts";

/** The benchmark's worker as the page sees it. It starts with the first request, and ends when cancelled. */
export class BenchClient {
  #worker: Worker | undefined;
  #cancel: (() => void) | undefined;

  /**
   * Asks for one thing at a time.
   *
   * @returns the answer; undefined if it was cancelled
   * @throws Error with the worker's sentence
   */
  async ask(
    request: BenchRequest,
    onNews: (news: BenchNews) => void = () => undefined,
  ): Promise<BenchAnswer | undefined> {
    const worker = (this.#worker ??= new Worker(new URL("../../worker/bench/worker.ts", import.meta.url), {
      type: "module",
    }));
    const answer = await new Promise<BenchAnswer | undefined>((resolve) => {
      this.#cancel = () => resolve(undefined);
      worker.onmessage = ({ data }: MessageEvent<BenchNews | BenchAnswer>) =>
        "news" in data ? onNews(data) : resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#end();
        resolve({ answer: "fault", message: `the benchmark has stopped: ${event.message ?? "its file did not load"}` });
      };
      worker.postMessage(request);
    });
    this.#cancel = undefined;
    if (answer?.answer === "fault") throw new Error(answer.message.replace(/^--\w+: /u, ""));
    return answer;
  }

  /** Ends what is running at once, with its devices. */
  cancel(): void {
    this.#end();
    this.#cancel?.();
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
