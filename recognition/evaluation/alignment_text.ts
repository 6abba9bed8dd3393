import { countErrors, type AlignmentStep } from "./error_rate.ts";

const MARKS: Record<AlignmentStep["op"], string> = { correct: "", substitution: "S", deletion: "D", insertion: "I" };

/**
 * Formats an alignment with one column per word, like NIST's sclite; a gap is `***` and every error is marked below its
 * column:
 *
 *     REF  one two   *** three
 *     HYP  one seven oh  ***
 *     ERR      S     I   D
 *
 * The last line is omitted if there is no error. Widths are counted in code points.
 */
export function formatAlignment(alignment: readonly AlignmentStep[]): string {
  const columns = alignment.map(({ op, ref, hyp }) => ({ ref: ref ?? "***", hyp: hyp ?? "***", mark: MARKS[op] }));
  const widths = columns.map(({ ref, hyp }) => Math.max([...ref].length, [...hyp].length));
  const line = (name: string, cells: string[]) =>
    `${name}  ${cells.map((cell, i) => cell + " ".repeat(widths[i]! - [...cell].length)).join(" ")}`.trimEnd();
  const lines = [
    line(
      "REF",
      columns.map(({ ref }) => ref),
    ),
    line(
      "HYP",
      columns.map(({ hyp }) => hyp),
    ),
  ];
  if (columns.some(({ mark }) => mark !== ""))
    lines.push(
      line(
        "ERR",
        columns.map(({ mark }) => mark),
      ),
    );
  return lines.join("\n");
}

/** One utterance of an alignment file: its id and error counts, then its alignment, then an empty line. */
export function formatUtterance(id: string, alignment: readonly AlignmentStep[]): string {
  const { substitutions, deletions, insertions, references } = countErrors(alignment);
  const counts = `${substitutions} substituted, ${deletions} deleted, ${insertions} inserted, of ${references}`;
  return `${id} (${counts})\n${formatAlignment(alignment)}\n\n`;
}
