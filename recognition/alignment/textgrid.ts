import type { TimedText, TimedUtterance } from "./timed_text.ts";

/**
 * An utterance as a TextGrid, the annotation format of Praat, in its long text form: an interval tier of words and one
 * of units. The intervals of a tier have no gaps, so stretches between words are intervals without text; the space unit
 * is shown as `▁`.
 *
 * @param seconds length of the audio
 */
export function textGrid({ words, units }: TimedUtterance, seconds: number): string {
  const shown = units.map((unit) => ({ ...unit, text: unit.text.replaceAll(" ", "▁") }));
  const tiers = [tier("words", words, seconds), tier("units", shown, seconds)];
  const head = [
    'File type = "ooTextFile"',
    'Object class = "TextGrid"',
    "",
    "xmin = 0",
    `xmax = ${seconds}`,
    "tiers? <exists>",
    `size = ${tiers.length}`,
    "item []:",
  ];
  return [...head, ...tiers.flatMap((lines, i) => [`    item [${i + 1}]:`, ...lines])].join("\n") + "\n";
}

function tier(name: string, items: readonly TimedText[], seconds: number): string[] {
  const intervals = withoutGaps(items, seconds);
  const lines = [
    'class = "IntervalTier"',
    `name = "${name}"`,
    "xmin = 0",
    `xmax = ${seconds}`,
    `intervals: size = ${intervals.length}`,
  ];
  const interval = ({ start, end, text }: Interval, i: number): string[] => [
    `        intervals [${i + 1}]:`,
    ...[`xmin = ${start}`, `xmax = ${end}`, `text = "${text.replaceAll('"', '""')}"`].map(
      (line) => `            ${line}`,
    ),
  ];
  return [...lines.map((line) => `        ${line}`), ...intervals.flatMap(interval)];
}

type Interval = Omit<TimedText, "confidence">;

/**
 * Covers the whole duration with intervals, which are clipped so that none overlaps the previous one or ends after the
 * audio.
 */
function withoutGaps(items: readonly TimedText[], seconds: number): Interval[] {
  const intervals: Interval[] = [];
  let now = 0;
  for (const { text, start, end } of items) {
    const [from, to] = [Math.max(now, start), Math.min(end, seconds)];
    if (from >= to) continue;
    if (from > now) intervals.push({ text: "", start: now, end: from });
    intervals.push({ text, start: from, end: to });
    now = to;
  }
  if (now < seconds) intervals.push({ text: "", start: now, end: seconds });
  return intervals;
}
