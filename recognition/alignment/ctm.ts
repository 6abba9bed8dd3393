import type { TimedText } from "./timed_text.ts";

/**
 * An utterance's words in NIST's CTM format, one per line: `id channel start duration word confidence`, times in
 * seconds. White space in the id, which would end the field, becomes `_`.
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
