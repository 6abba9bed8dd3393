/// <reference lib="webworker" />
// The page's worker: answers calls one at a time, in order.
import type { Answer, Request } from "../protocol.ts";
import { Session } from "./session.ts";

const session = new Session();
let earlier: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Request>) => {
  earlier = earlier.then(() => answer(data));
};

async function answer({ id, call, args }: Request): Promise<void> {
  try {
    post({ id, result: await session[call](args as never) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    post({ id, error: message, lost: await session.isLost() });
  }
}

const post = (answer: Answer): void => self.postMessage(answer);
