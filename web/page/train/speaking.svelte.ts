import type { SpeechAnswer, SpeechNews, SpeechOrder, SpeechRequest } from "../../worker/speech/protocol.ts";
import type { SpokenString } from "../../worker/train/protocol.ts";
import type { PageState } from "../state.svelte.ts";
import type { TrainingState } from "./training.svelte.ts";

/** How far the synthesiser is. */
type Progress =
  | { readonly stage: "fetching"; readonly bytes: number; readonly total: number | undefined }
  | { readonly stage: "speaking"; readonly done: number; readonly total: number };

/** A synthesiser that speaks further strings, in a worker of its own; it is fetched when first asked, and ended to cancel. */
export class SpeakingState {
  /** Undefined while nothing is being spoken. */
  progress = $state.raw<Progress>();
  /** Whether the synthesiser is at hand. */
  fetched = $state(false);
  /** What was last begun or done, for all to read. */
  news = $state("");
  readonly #page: PageState;
  readonly #training: TrainingState;
  #worker: Worker | undefined;
  #cancel: (() => void) | undefined;
  #spoken = 0;

  constructor(page: PageState, training: TrainingState) {
    [this.#page, this.#training] = [page, training];
  }

  /** Speaks so many strings, and adds them to those trained on. */
  speak = async (count: number): Promise<void> => {
    if (this.progress) return;
    this.#page.fault = undefined;
    this.progress = this.fetched
      ? { stage: "speaking", done: 0, total: count }
      : { stage: "fetching", bytes: 0, total: undefined };
    this.news = this.fetched ? "Speaking." : "Fetching the synthesiser.";
    try {
      const order = await this.#training.speechOrder(this.#spoken, count);
      const strings = await this.#ask(order);
      if (strings) {
        this.#spoken += count;
        await this.#training.add(strings);
      }
      this.news = strings ? `${strings.length} strings were spoken.` : "Cancelled: no string was added.";
    } catch (error) {
      this.news = "";
      this.#page.say((error as Error).message, () => this.speak(count));
    } finally {
      this.progress = undefined;
    }
  };

  cancel = (): void => {
    this.#end();
    this.#cancel?.();
  };

  /** Resolves to undefined if it was cancelled. Rejects with the worker's sentence. */
  async #ask(order: SpeechOrder): Promise<readonly SpokenString[] | undefined> {
    const worker = (this.#worker ??= new Worker(new URL("../../worker/speech/worker.ts", import.meta.url), {
      type: "module",
    }));
    const request: SpeechRequest = { ...order, address: new URL("./flite.wasm.gzip", document.baseURI).href };
    const answer = await new Promise<SpeechAnswer | undefined>((resolve) => {
      this.#cancel = () => resolve(undefined);
      worker.onmessage = ({ data }: MessageEvent<SpeechNews | SpeechAnswer>) =>
        "news" in data ? this.#show(data, order.count) : resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#end();
        resolve({
          answer: "fault",
          message: `the synthesiser has stopped: ${event.message ?? "its code did not load"}`,
        });
      };
      worker.postMessage(request);
    });
    this.#cancel = undefined;
    if (answer?.answer === "fault") throw new Error(answer.message);
    return answer?.strings;
  }

  #show(news: SpeechNews, count: number): void {
    if (news.news === "fetched") {
      this.progress = { stage: "fetching", bytes: news.bytes, total: news.total };
      return;
    }
    [this.fetched, this.news] = [true, "Speaking."];
    this.progress = { stage: "speaking", done: news.done, total: count };
  }

  #end(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.fetched = false;
  }
}
