import type { TimedText } from "./timed_text.ts";

/**
 * An utterance's words in NIST's CTM format, a line each: `id channel start duration word confidence`, times in seconds.
 * White space in the id, which would be the end of it, becomes `_`.
 */
export function ctmLines(id: string, words: readonly TimedText[]): string {
  const name = id.replace(/\s+/gu, "_");
  return words
    .map(
      ({ text, start, end, confidence }) =>
        `${name} 1 ${start.toFixed(3)} ${(end - start).toFixed(3)} ${text} ${confidence.toFixed(3)}\n`,
    )
    .join("");
}
