// The types of table.mjs, for the test, which is TypeScript.
export type Outcome =
  | { status: "timed"; medianMs: number; spreadMs: number }
  | { status: "wrong" | "failed"; problem: string }
  | { status: "not offered" };

export interface Comparison {
  work: string;
  title: string;
  unit: string;
  outcomes: Record<string, Outcome | undefined>;
  rival: string | undefined;
  ratio: number | undefined;
  target: { ratio?: number; rate?: number; micros?: number };
  met: boolean | undefined;
}

export function compare(outcomes: Record<string, Record<string, Outcome>>, work?: string[]): Comparison[];
export function markdownTable(comparisons: Comparison[]): string;
export function problems(comparisons: Comparison[]): string[];
export function slug(name: string): string;
