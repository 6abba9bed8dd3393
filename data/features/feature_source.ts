import { mkdirSync } from "node:fs";
import type { FrontEnd } from "../../model/features/front_end.ts";
import { ContentIndex } from "./content_index.ts";
import { FeatureMemory } from "./feature_memory.ts";
import { FeatureComputer } from "./workers/feature_computer.ts";
import type { AudioPart, FeatureAnswer, FeatureRequest } from "./workers/request.ts";
import { ThreadPool } from "./workers/thread_pool.ts";

export interface FeatureSourceOptions {
  readonly frontEnd: FrontEnd;
  /** Threads that compute; 0, the default, computes in place. */
  readonly workers?: number;
  /** Folder of the feature cache; null, the default: none. */
  readonly cache?: string | null;
  /** Bytes of the cache's disk that it leaves free; none, the default, fills it. */
  readonly spareBytes?: number;
  /** How much of the features `memory` lets a set keep. */
  readonly memoryBytes?: number;
  /** Told once if the cache cannot be written. */
  readonly warn?: (message: string) => void;
}

/** What is wanted of an utterance. What is left out: as recorded, not normalised, all values. */
export type FeatureWish = AudioPart &
  Partial<Pick<FeatureRequest, "span" | "speed" | "noise" | "gainDb" | "cmvn" | "want">>;

/**
 * Gives the features of utterances: from the cache on disk, or computed of the audio by threads. Which of these, and how
 * many threads, changes nothing about the values.
 */
export class FeatureSource {
  readonly frontEnd: FrontEnd;
  readonly memory: FeatureMemory;
  /** How many requests keep all threads busy. */
  readonly ahead: number;
  readonly counts: Record<FeatureAnswer["origin"], number> = { cache: 0, computed: 0, damaged: 0 };
  readonly #computer: ThreadPool | FeatureComputer;
  readonly #index: ContentIndex | undefined;
  #warn: ((message: string) => void) | undefined;
  #closed: Error | undefined;

  constructor({ frontEnd, workers = 0, cache = null, spareBytes = 0, memoryBytes, warn }: FeatureSourceOptions) {
    this.frontEnd = frontEnd;
    this.memory = new FeatureMemory(memoryBytes);
    this.ahead = 4 * Math.max(1, workers);
    this.#warn = warn;
    const usable = cache !== null && frontEnd.cacheKey !== null && this.#canMake(cache) ? cache : null;
    const settings = { frontEnd: frontEnd.settings, cache: usable, spareBytes };
    this.#computer = workers > 0 ? new ThreadPool(workers, settings) : new FeatureComputer(settings);
    this.#index = usable === null ? undefined : new ContentIndex(usable);
  }

  /** @throws UserError, as `AudioReader.read` does, at a file that cannot be read; RunError if a thread failed; the reason of `close` */
  async get(wish: FeatureWish): Promise<FeatureAnswer> {
    if (this.#closed) throw this.#closed;
    const {
      path,
      piece,
      span,
      speed = 1,
      noise = null,
      gainDb = null,
      cmvn = null,
      want = { values: true, statistics: false },
    } = wish;
    const state = await this.#index?.keyOf(path);
    const content = state == null ? null : (this.#index?.get(state) ?? null);
    const answer = await this.#computer.compute({ path, piece, span, content, speed, noise, gainDb, cmvn, want });
    if (state != null && answer.content !== null) this.#index?.add(state, answer.content);
    if (answer.cacheFault !== null) this.#warnOnce(answer.cacheFault);
    this.counts[answer.origin]++;
    return answer;
  }

  /** Writes down which files were read, so that the next start need not read them. */
  flush(): void {
    this.#index?.flush();
  }

  /** Ends the threads at once; what they still owe is rejected with the reason. */
  close(reason: Error = new Error("the source of features was closed")): void {
    this.#closed ??= reason;
    void this.#computer.close(reason);
    this.flush();
  }

  #canMake(folder: string): boolean {
    try {
      mkdirSync(folder, { recursive: true });
      return true;
    } catch (error) {
      this.#warnOnce((error as Error).message);
      return false;
    }
  }

  #warnOnce(reason: string): void {
    this.#warn?.(`features are not kept for the next run, since the cache cannot be written: ${reason}`);
    this.#warn = undefined;
  }
}
