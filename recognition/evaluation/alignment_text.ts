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
  const columns = alignment.map(({ op, ref, hyp }) => ({ ref: ref ?? GAP, hyp: hyp ?? GAP, mark: MARKS[op] }));
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

/** Reads what `formatUtterance` writes: `id (counts)`, then the rows REF, HYP and, with errors, ERR. */
export function parseAlignments(text: string): { id: string; alignment: AlignmentStep[] }[] {
  return [...text.matchAll(/^(.+) \([^()]*\)\nREF ?(.*)\nHYP ?(.*)$/gmu)].map(([, id, ref, hyp]) => {
    const [references, hypotheses] = [words(ref!), words(hyp!)];
    return { id: id!, alignment: references.map((reference, i) => stepOf(reference, hypotheses[i] ?? GAP)) };
  });
}

/** What stands where the other text has a word. */
const GAP = "***";

function words(row: string): string[] {
  return row.split(" ").filter((word) => word !== "");
}

function stepOf(ref: string, hyp: string): AlignmentStep {
  if (ref === GAP) return { op: "insertion", ref: null, hyp };
  if (hyp === GAP) return { op: "deletion", ref, hyp: null };
  return { op: ref === hyp ? "correct" : "substitution", ref, hyp };
}
