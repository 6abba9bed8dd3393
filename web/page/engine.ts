import type { Answer, Call, Calls, Request } from "../protocol.ts";

/** What the worker could not do, in a sentence. */
export class EngineFault extends Error {
  /** Whether the device is gone; `open` finds it again. */
  readonly lost: boolean;

  constructor(message: string, lost: boolean) {
    super(message);
    this.lost = lost;
  }
}

/** The worker as the page sees it: calls that return promises. */
export class Engine {
  readonly #worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (fault: Error) => void }>();
  #calls = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ("error" in data) waiting?.reject(new EngineFault(data.error, data.lost));
      else waiting?.resolve(data.result as never);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.values())
        reject(new EngineFault(`the engine has stopped: ${event.message ?? "its file did not load"}`, true));
      this.#waiting.clear();
    };
  }

  /** Rejects with an EngineFault. */
  call<Name extends Call>(call: Name, args: Calls[Name]["args"]): Promise<Calls[Name]["result"]> {
    const request: Request<Name> = { id: this.#calls++, call, args };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#worker.postMessage(request);
    });
  }
}
