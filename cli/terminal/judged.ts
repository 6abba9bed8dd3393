import type { AlignmentStep } from "../../recognition/evaluation/error_rate.ts";

const [GREEN, RED, RESET] = ["\u001b[32m", "\u001b[31m", "\u001b[0m"];

/**
 * What was recognised, right words in green and wrong ones in red; without colour wrong ones are in brackets. A word that is
 * missing is a dash.
 */
export const judged = (alignment: readonly AlignmentStep[], colour: boolean): string =>
  alignment
    .map(({ op, hyp }) => {
      if (colour) return `${op === "correct" ? GREEN : RED}${hyp ?? "-"}${RESET}`;
      return op === "correct" ? hyp : `[${hyp ?? "-"}]`;
    })
    .join(" ");

/** Whether a stream shows colours: a terminal, unless NO_COLOR is set (no-color.org). */
export const showsColour = (stream: NodeJS.WriteStream): boolean => stream.isTTY && !process.env["NO_COLOR"];
