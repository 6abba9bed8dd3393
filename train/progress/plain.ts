import { formatCount, formatDuration } from "../../data/text/number_format.ts";
import type { Progress, ProgressOptions } from "./display.ts";
import { devText, lossText, speedText, RemainingTime } from "./lines.ts";

/** One line at a time, for a file or another program to read: at the first and last step, and every `plainEvery` steps. */
export function plainProgress({ totalSteps, stream, plainEvery, now }: Required<ProgressOptions>): Progress {
  const remaining = new RemainingTime(totalSteps);
  let printed = -Infinity;
  return {
    step(record) {
      const seconds = remaining.after(record.step, now());
      if (record.step - printed < plainEvery && record.step < totalSteps) return;
      printed = record.step;
      const at = `epoch ${record.epoch + 1}   step ${formatCount(record.step)}/${formatCount(totalSteps)}`;
      stream.write(
        `${at}   ${lossText(record)}   ${speedText(record)}${Number.isNaN(seconds) ? "" : `   ${formatDuration(seconds)} left`}\n`,
      );
    },
    dev: (record) => void stream.write(`${devText(record)}\n`),
    message: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}
