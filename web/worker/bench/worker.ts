/// <reference lib="webworker" />
// The worker of the page's benchmark, apart from the one that recognises: the page ends it to cancel.
import type { BenchAnswer, BenchNews, BenchRequest } from "../../bench_protocol.ts";
import { work } from "./work.ts";

self.onmessage = async ({ data }: MessageEvent<BenchRequest>) => {
  try {
    post(await work(data, post));
  } catch (error) {
    post({ answer: "fault", message: error instanceof Error ? error.message : String(error) });
  }
};

const post = (message: BenchNews | BenchAnswer): void => self.postMessage(message);
