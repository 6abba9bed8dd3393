import { createProgress, createTaskProgress, type Progress } from "../../train/progress/progress.ts";
import type { RunObserver } from "../../train/run/run_observer.ts";
import { resultsTable } from "../../train/log/table.ts";

/** Shows a run on the terminal: progress on stderr, results on stdout. */
export function terminalObserver(): RunObserver {
  let progress: Progress | undefined;
  const message = (text: string): void => {
    if (progress) progress.message(text);
    else process.stderr.write(`${text}\n`);
  };
  return {
    task: (label, total) => createTaskProgress(label, total),
    begin(step, totalSteps) {
      progress = createProgress({ totalSteps });
      if (step > 0) message(`resuming after step ${step} of ${totalSteps}`);
    },
    record(record) {
      if (record.type === "step" || record.type === "lm_step") progress?.step(record);
      else if (record.type === "dev" || record.type === "lm_dev") progress?.dev(record);
      else if (record.type === "warning") message(`warning: ${record.message}`);
      else if (record.type === "result") process.stdout.write(`\n${resultsTable([record])}\n`);
    },
    message,
    end() {
      progress?.stop();
      progress = undefined;
    },
  };
}
