import { MultiBar } from "cli-progress";
import { formatDuration } from "../../data/text/number_format.ts";
import type { Progress, ProgressOptions } from "./display.ts";
import { devText, lossText, speedText, RemainingTime } from "./lines.ts";

/** How all bars look. */
export const barStyle = {
  barCompleteChar: "━",
  barIncompleteChar: "┄",
  barsize: 32,
  hideCursor: true,
  gracefulExit: false,
};

/** Four lines at the bottom of a terminal that are redrawn; messages scroll by above them. */
export function liveProgress({ totalSteps, stream, now }: Required<ProgressOptions>): Progress {
  const bars = new MultiBar({ ...barStyle, stream, forceRedraw: true, format: "{text}" });
  const remaining = new RemainingTime(totalSteps);
  const head = bars.create(
    totalSteps,
    0,
    { epoch: 0, left: "-" },
    { format: "epoch {epoch}  step {value}/{total} {bar} {percentage} %  {left} left" },
  );
  const [loss, speed, dev] = ["waiting for the first step", "", "dev: not yet evaluated"].map((text) =>
    bars.create(1, 0, { text }),
  );
  return {
    step(record) {
      head.update(record.step, { epoch: record.epoch + 1, left: formatDuration(remaining.after(record.step, now())) });
      loss!.update({ text: lossText(record) });
      speed!.update({ text: speedText(record) });
    },
    dev: (record) => dev!.update({ text: devText(record) }),
    message: (text) => bars.log(`${text}\n`),
    stop: () => bars.stop(),
  };
}
