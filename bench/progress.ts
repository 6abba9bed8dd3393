import { SingleBar } from "cli-progress";
import { formatNumber } from "../data/text/number_format.ts";
import type { BenchProgress } from "./kernels.ts";
import type { StepProgress } from "./steps/step.ts";
import type { TuneProgress } from "./tune.ts";

/** Where progress is shown: live on a terminal, otherwise as a line for each finished part. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

export interface BenchDisplay {
  /** `finished`: a part is done, and `text` gives its result. */
  readonly update: (done: number, total: number, text: string, finished: boolean) => void;
  /** A line that stays. */
  readonly say: (line: string) => void;
  /** Must be called at the end, even after an error or a signal: a live display hides the cursor. */
  readonly stop: () => void;
}

export function benchDisplay(stream: ProgressStream = process.stderr): BenchDisplay {
  const say = (line: string): void => void stream.write(`${line}\n`);
  if (!stream.isTTY) {
    return {
      say,
      update: (done, total, text, finished) => void (finished && say(`${done}/${total} ${text}`)),
      stop: () => undefined,
    };
  }
  let bar: SingleBar | undefined;
  return {
    say,
    update: (done, total, text) => {
      const format = "{bar} {value}/{total}  {text}";
      // Without gracefulExit, which would listen for Ctrl-C and so keep the process alive.
      if (!bar)
        (bar = new SingleBar({
          stream,
          format,
          barsize: 24,
          barCompleteChar: "━",
          barIncompleteChar: "┄",
          hideCursor: true,
          gracefulExit: false,
        })).start(total, done, { text });
      bar.setTotal(total);
      bar.update(done, { text });
    },
    stop: () => {
      bar?.stop();
      bar = undefined;
    },
  };
}

export const showKernels =
  (display: BenchDisplay) =>
  ({ done, total, label, phase, outcome }: BenchProgress): void => {
    const text = outcome
      ? outcome.status === "timed"
        ? `${formatNumber(outcome.forward.medianMs)} ms`
        : outcome.status.toUpperCase()
      : (phase ?? "");
    display.update(done, total, `${label}: ${text}`, outcome !== undefined);
  };

export const showSteps =
  (display: BenchDisplay) =>
  ({ done, total, label, phase, path }: StepProgress): void => {
    const text = path
      ? path.status === "timed"
        ? `${formatNumber(path.timing.medianMs)} ms`
        : path.status.toUpperCase()
      : (phase ?? "");
    display.update(done, total, `step ${label}: ${text}`, path !== undefined);
  };

export const showTuning =
  (display: BenchDisplay) =>
  ({ done, total, choice, ms, problem }: TuneProgress): void => {
    if (problem !== undefined) return display.update(done, total, `FAILED ${problem}`, true);
    if (choice === undefined || ms === undefined) return display.update(done, total, "", false);
    const times = Object.entries(ms)
      .sort(([, a], [, b]) => (a ?? Infinity) - (b ?? Infinity))
      .map(([variant, time]) => `${variant} ${time === null ? "WRONG" : formatNumber(time)}`);
    display.update(done, total, `${choice}: ${times.join(", ")}`, true);
  };
