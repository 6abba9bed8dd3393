import { SingleBar } from "cli-progress";
import { formatCount, formatDuration } from "../../data/text/number_format.ts";
import type { Progress, ProgressOptions, ProgressStream } from "./display.ts";
import { barStyle, liveProgress } from "./live.ts";
import { plainProgress } from "./plain.ts";

export type { Progress, ProgressOptions, ProgressStream } from "./display.ts";

/** Shows training progress: losses at each depth, KL, dev WER, learning rate, gradient norm, speed, memory, time left. */
export function createProgress(options: ProgressOptions): Progress {
  const {
    totalSteps,
    stream = process.stderr,
    plainEvery = Math.max(1, Math.ceil(totalSteps / 50)),
    now = clock,
  } = options;
  return (stream.isTTY ? liveProgress : plainProgress)({ totalSteps, stream, plainEvery, now });
}

export interface TaskProgress {
  /** `total` if it only became known now. */
  update(done: number, total?: number): void;
  stop(): void;
}

/**
 * Progress of a task with a known number of parts, such as reading a data set or making a corpus. Without a terminal it
 * is a single line at the end.
 */
export function createTaskProgress(
  label: string,
  total: number,
  stream: ProgressStream = process.stderr,
  now: () => number = clock,
): TaskProgress {
  const start = now();
  if (!stream.isTTY) {
    let done = 0;
    return {
      update: (count, all = total) => ([done, total] = [count, all]),
      stop: () =>
        void stream.write(
          `${label}: ${formatCount(done)} of ${formatCount(total)} in ${formatDuration(now() - start)}\n`,
        ),
    };
  }
  const bar = new SingleBar({ ...barStyle, stream, format: `${label} {bar} {value}/{total}` });
  bar.start(total, 0);
  return {
    update(done, all = total) {
      if (all !== total) bar.setTotal((total = all));
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

function clock(): number {
  return performance.now() / 1000;
}
