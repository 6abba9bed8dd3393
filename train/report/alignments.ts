import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseAlignments } from "../../recognition/evaluation/alignment_text.ts";
import type { AlignmentStep } from "../../recognition/evaluation/error_rate.ts";

/** One utterance as recognised at each depth. */
export interface Example {
  id: string;
  reference: string[];
  byDepth: { depth: number; alignment: AlignmentStep[] }[];
}

/**
 * The utterances with the most errors, summed over all depths, of each set with files `alignments-<set>-<depth>.txt` in a
 * run's folder.
 */
export function worstUtterances(folder: string, most: number): { set: string; examples: Example[] }[] {
  const sets = new Map<string, Map<string, Example>>();
  const files = readdirSync(folder)
    .map((name) => ({ name, match: /^alignments-(.+)-(\d+)\.txt$/u.exec(name) }))
    .filter(({ match }) => match !== null)
    .map(({ name, match }) => ({ name, set: match![1]!, depth: Number(match![2]) }))
    .sort((a, b) => a.depth - b.depth);
  for (const { name, set, depth } of files) {
    const examples = sets.get(set) ?? new Map<string, Example>();
    sets.set(set, examples);
    for (const { id, alignment } of parseAlignments(readFileSync(path.join(folder, name), "utf8"))) {
      const example = examples.get(id) ?? { id, reference: alignment.flatMap(({ ref }) => ref ?? []), byDepth: [] };
      example.byDepth.push({ depth, alignment });
      examples.set(id, example);
    }
  }
  return [...sets].map(([set, examples]) => ({
    set,
    examples: [...examples.values()]
      .filter((example) => errors(example) > 0)
      .sort((a, b) => errors(b) - errors(a))
      .slice(0, most),
  }));
}

function errors({ byDepth }: Example): number {
  return byDepth.reduce((sum, { alignment }) => sum + alignment.filter(({ op }) => op !== "correct").length, 0);
}
