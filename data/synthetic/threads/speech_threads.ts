import { threadEntry } from "../../threads/entry.ts";
import { ThreadPool } from "../../threads/thread_pool.ts";
import type { Speech } from "../flite.ts";
import { loadFlite } from "../load_flite.ts";
import { renderTake, type SpeakRequest } from "../utterance.ts";

/** Speaks requests, several at a time; `close` ends it. */
export interface Speakers {
  speak(request: SpeakRequest): Promise<Speech>;
  close(): void;
}

/** @param threads with 1, the calling thread speaks by itself */
export async function openSpeakers(threads: number): Promise<Speakers> {
  if (threads > 1) {
    const pool = new ThreadPool<SpeakRequest, Speech>(threads, undefined, threadEntry(import.meta.url), "speaks");
    return {
      speak: (request) => pool.compute(request),
      close: () => pool.close(new Error("the speakers were closed")),
    };
  }
  const synthesize = await loadFlite();
  return {
    speak: ({ voice, words, take, sampleRate }) =>
      Promise.resolve(renderTake(synthesize, voice, words, take, sampleRate)),
    close: () => {},
  };
}
