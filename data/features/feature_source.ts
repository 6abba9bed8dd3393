import { mkdirSync } from "node:fs";
import type { FrontEnd } from "../../model/features/front_end.ts";
import { ContentIndex } from "./content_index.ts";
import { FeatureMemory } from "./feature_memory.ts";
import { FeatureComputer } from "./workers/feature_computer.ts";
import type { AudioPart, FeatureAnswer, FeatureRequest } from "./workers/request.ts";
import { featureThreads } from "./workers/feature_threads.ts";

export interface FeatureSourceOptions {
  readonly frontEnd: FrontEnd;
  /** Number of worker threads; 0, the default, computes in place. */
  readonly workers?: number;
  /** Folder of the feature cache; null, the default, for none. */
  readonly cache?: string | null;
  /** Bytes to leave free on the cache's disk; 0 by default, which may fill it. */
  readonly spareBytes?: number;
  /** Size of `memory`, for features that a set may keep. */
  readonly memoryBytes?: number;
  /** Called once if the cache cannot be written. */
  readonly warn?: (message: string) => void;
}

/** A request for an utterance's features. Defaults: as recorded, not normalised, all values. */
export type FeatureQuery = AudioPart &
  Partial<Pick<FeatureRequest, "span" | "speed" | "noise" | "gainDb" | "cmvn" | "want">>;

/**
 * Provides the features of utterances, from the cache on disk or computed from the audio by threads. Neither the cache
 * nor the number of threads affects the values.
 */
export class FeatureSource {
  readonly frontEnd: FrontEnd;
  readonly memory: FeatureMemory;
  /** Number of concurrent requests that keep all threads busy. */
  readonly ahead: number;
  readonly counts: Record<FeatureAnswer["origin"], number> = { cache: 0, computed: 0, damaged: 0 };
  readonly #computer: ReturnType<typeof featureThreads> | FeatureComputer;
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
    this.#computer = workers > 0 ? featureThreads(workers, settings) : new FeatureComputer(settings);
    this.#index = usable === null ? undefined : new ContentIndex(usable);
  }

  /**
   * @throws UserError, as `AudioReader.read` does, if a file cannot be read; RunError if a thread failed; the reason
   *   given to `close`
   */
  async get(query: FeatureQuery): Promise<FeatureAnswer> {
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
    } = query;
    const state = await this.#index?.keyOf(path);
    const content = state == null ? null : (this.#index?.get(state) ?? null);
    const answer = await this.#computer.compute({ path, piece, span, content, speed, noise, gainDb, cmvn, want });
    if (state != null && answer.content !== null) this.#index?.add(state, answer.content);
    if (answer.cacheFault !== null) this.#warnOnce(answer.cacheFault);
    this.counts[answer.origin]++;
    return answer;
  }

  /** Records the content of the files read, so that the next start need not read them. */
  flush(): void {
    this.#index?.flush();
  }

  /** Stops the threads at once; pending requests are rejected with the reason. */
  close(reason: Error = new Error("the feature source was closed")): void {
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
    this.#warn?.(`features are not cached for the next run, since the cache cannot be written: ${reason}`);
    this.#warn = undefined;
  }
}
