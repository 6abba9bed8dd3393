import { WorkgroupScheduler } from "wgsl_reflect/wgsl_reflect.module.js";

/** Two threads that touch one place without a barrier between them, at least one of them to write. */
export class Race extends Error {}

type Kind = "read" | "write";

/** wgsl_reflect's record of who touches what between two barriers. */
interface Tracker {
  currentInvocation: number;
  currentLine: number;
  record: (buffer: string, offset: number, bytes: number, kind: Kind, atomic: boolean) => void;
  endPhase: () => void;
}

/** The first thread of a kind that touched a word, and the first other one. */
interface Threads {
  readonly first: number;
  readonly line: number;
  other: { readonly thread: number; readonly line: number } | undefined;
}

type Access = `${"atomic " | ""}${Kind}`;
type Word = Partial<Record<Access, Threads>>;

const WORD_BYTES = 4;

/** What races with an access: everything with a write, reads with reads and atomics with atomics excepted. */
const RIVALS: Readonly<Record<Access, readonly Access[]>> = {
  read: ["write", "atomic write"],
  write: ["read", "write", "atomic read", "atomic write"],
  "atomic read": ["write"],
  "atomic write": ["read", "write"],
};

/**
 * wgsl_reflect compares each access of a phase with each other one, which took most of a check's time. Here a word knows who has
 * touched it, and the first race ends the check.
 */
function watchWords(tracker: Tracker): void {
  const buffers = new Map<string, Word[]>();
  tracker.endPhase = () => buffers.clear();
  tracker.record = (buffer, offset, bytes, kind, atomic) => {
    const access: Access = atomic ? `atomic ${kind}` : kind;
    const { currentInvocation: thread, currentLine: line } = tracker;
    let words = buffers.get(buffer);
    if (!words) buffers.set(buffer, (words = []));
    for (let at = Math.floor(offset / WORD_BYTES); at * WORD_BYTES < offset + bytes; at++) {
      const word = (words[at] ??= {});
      for (const rival of RIVALS[access]) {
        const threads = word[rival];
        if (!threads) continue;
        const other = threads.first === thread ? threads.other : { thread: threads.first, line: threads.line };
        if (other)
          throw new Race(
            `a data race on '${buffer}', byte ${at * WORD_BYTES}: thread ${other.thread} (${rival}, line ${other.line}) and thread ${thread} (${access}, line ${line}) are unordered`,
          );
      }
      const known = word[access];
      if (!known) word[access] = { first: thread, line, other: undefined };
      else if (known.first !== thread) known.other ??= { thread, line };
    }
  };
}

const { run } = WorkgroupScheduler.prototype;
WorkgroupScheduler.prototype.run = function (this: { readonly _tracker: Tracker }) {
  watchWords(this._tracker);
  run.call(this);
};
