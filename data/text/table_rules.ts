/** No borders and no rules: columns separated by spaces. For cli-table3's `chars`. */
export const BORDERLESS = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

/** Only rules between rows. */
export const rules = { ...BORDERLESS, mid: "─" };

/** Removes the rules that cli-table3 puts between all rows, except those that begin a set. */
export function withoutInnerRules(table: string, rowsOfSets: readonly number[]): string {
  const lines = table.split("\n").map((line) => line.trimEnd());
  const starts = new Set<number>();
  rowsOfSets.reduce((start, rows) => (starts.add(start), start + rows), 0);
  return lines.filter((_, i) => i % 2 === 0 || starts.has((i - 1) / 2)).join("\n"); // head, rule, row, rule, row ...
}
