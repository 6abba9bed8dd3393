// What a report's readers need of it without checking one: see schema.ts.

/** The format this version writes; another version's numbers may mean something else. */
export const REPORT_FORMAT = "unfold bench";
export const REPORT_VERSION = 1;

/** "operation: case". */
export const labelOf = (result: { readonly operation: string; readonly case: string | null }): string =>
  result.case === null ? result.operation : `${result.operation}: ${result.case}`;
