/** One thing that was looked at. */
export interface Finding {
  readonly name: string;
  /** "note": works, but slower or smaller than it could. */
  readonly verdict: "fine" | "note" | "fault";
  /** What was found. */
  readonly found: string;
  /** What mends it: a command, or what to do where no command can. */
  readonly remedy?: string;
}

const MARKS = { fine: "ok   ", note: "note ", fault: "FAULT" };

/** One line a finding, and one for each remedy; the last line is the sum. */
export function examinationText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, verdict, found, remedy }) => [
    `${MARKS[verdict]}  ${name.padEnd(width)}  ${found}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 9)}-> ${remedy}`]),
  ]);
  const faults = findings.filter(({ verdict }) => verdict === "fault").length;
  const sum = faults === 0 ? "Nothing is wrong." : faults === 1 ? "1 thing is wrong." : `${faults} things are wrong.`;
  return `${lines.join("\n")}\n\n${sum}\n`;
}
