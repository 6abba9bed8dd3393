import { SingleBar } from "cli-progress";
import { formatNumber } from "../train/number_format.ts";
import type { BenchProgress } from "./kernels.ts";

/** Where progress goes: live if it is a terminal, else a line for each case that is done. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean };

export interface BenchDisplay {
  readonly update: (progress: BenchProgress) => void;
  /** Has to be called at the end, also after an error: a live display hides the cursor. */
  readonly stop: () => void;
}

export function benchDisplay(stream: ProgressStream = process.stderr): BenchDisplay {
  if (!stream.isTTY) {
    return {
      update: ({ done, total, label, outcome }) => void (outcome && stream.write(`${done}/${total} ${label}: ${summary(outcome)}\n`)),
      stop: () => undefined,
    };
  }
  const format = "{bar} {value}/{total}  {text}";
  const bar = new SingleBar({ stream, format, barsize: 24, barCompleteChar: "━", barIncompleteChar: "┄", hideCursor: true, gracefulExit: true });
  bar.start(1, 0, { text: "" });
  return {
    update: ({ done, total, label, phase, outcome }) => {
      bar.setTotal(total);
      bar.update(done, { text: `${label}: ${phase ?? (outcome ? summary(outcome) : "")}` });
    },
    stop: () => bar.stop(),
  };
}

function summary(outcome: NonNullable<BenchProgress["outcome"]>): string {
  return outcome.status === "timed" ? `${formatNumber(outcome.forward.medianMs)} ms` : outcome.status.toUpperCase();
}
