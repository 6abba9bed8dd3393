import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "./check_file.ts";
import { FORMATS, type FuzzedFormat } from "./formats.ts";
import { Draws, mutant } from "./mutate.ts";

/** A mutant on which the product failed; `file` has it. */
export interface Finding {
  readonly index: number;
  readonly file: string;
  readonly error: unknown;
}

export interface Outcome {
  readonly counts: Record<Verdict, number>;
  readonly findings: readonly Finding[];
}

export interface FuzzOptions {
  readonly seed: number;
  /** Mutants from the first to before the last. */
  readonly from: number;
  readonly to: number;
  /** Where mutants are written; those with findings stay. */
  readonly folder: string;
  /** Called before each mutant. */
  readonly onStart?: (index: number) => void;
}

/** How often good files are read again: a library that a mutant left in disorder does not read them as before. */
const GOOD_FILES_EVERY = 250;

/** Reads mutants of a format's good files. A mutant depends only on the format, the seed and its index. */
export async function fuzz(name: string, options: FuzzOptions): Promise<Outcome> {
  const { seed, from, to, folder, onStart } = options;
  const format = FORMATS[name] as FuzzedFormat;
  const sources = await format.sources();
  const counts: Record<Verdict, number> = { read: 0, refused: 0 };
  const findings: Finding[] = [];
  mkdirSync(folder, { recursive: true });
  const check = async (bytes: Buffer, label: string, index: number, wanted?: Verdict): Promise<void> => {
    const file = join(folder, `${label}.${format.extension}`);
    writeFileSync(file, bytes);
    try {
      const verdict = await format.check(file);
      if (wanted && verdict !== wanted) throw new Error(`a good file is ${verdict}`);
      if (!wanted) counts[verdict]++;
    } catch (error) {
      const kept = join(folder, `${name}-${seed}-${index}${wanted ? `-${label}` : ""}.${format.extension}`);
      writeFileSync(kept, bytes);
      findings.push({ index, file: kept, error });
    }
  };
  for (let index = from; index < to; index++) {
    onStart?.(index);
    if ((index - from) % GOOD_FILES_EVERY === 0)
      for (const [i, source] of sources.entries()) await check(source, `good-${i}`, index, "read");
    const draws = new Draws(seed, index, ...Buffer.from(name));
    const bytes = mutant(sources, draws, format.isText);
    await check(format.repair && draws.below(2) === 0 ? format.repair(bytes) : bytes, `mutant-${name}-${from}`, index);
  }
  return { counts, findings };
}
