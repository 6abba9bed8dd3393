import * as z from "zod";
import { writeAtomically } from "../data/files/atomic_file.ts";
import { parse, readJson } from "../data/tokenizer/vocabulary_file.ts";
import type { LayerIdentity } from "./layer_identity.ts";

const FORMAT = "unfold-sensitivity/1";
const expected = `expected ${FORMAT}, as unfold sensitivity --json writes it`;
const count = z.int().min(0);

const sensitivitySchema = z.looseObject(
  {
    format: z.literal(FORMAT, expected),
    model: z.object({ kind: z.string(), blocks: z.int().min(1), sha256: z.string() }),
    /** Logical depth of the whole path, and its schedule. */
    depth: z.int().min(1),
    schedule: z.array(count).min(1),
    /** Words of the references. */
    words: z.int().min(1),
    /** Of the whole path: errors / words, a fraction. */
    wer: z.number().min(0),
    /** For each block of the path: the WER of the path without all its applications. */
    leftOut: z
      .array(
        z.looseObject({
          block: count,
          wer: z.number().min(0),
          substitutions: count,
          deletions: count,
          insertions: count,
        }),
      )
      .min(1),
  },
  expected,
);

/** How a path's word error rate changes with each of its physical blocks left out, one at a time. */
export type Sensitivity = Pick<z.output<typeof sensitivitySchema>, "depth" | "schedule" | "words" | "wer" | "leftOut">;

/** A sensitivity, and the model that it was measured on. */
export interface SensitivityFile extends Sensitivity {
  readonly model: LayerIdentity;
}

/**
 * Writes a measurement as JSON, either complete or not at all.
 *
 * @param provenance how it was measured, for human readers
 * @throws RunError if it cannot be written
 */
export function writeSensitivity(file: string, content: SensitivityFile, provenance: object): void {
  writeAtomically(file, Buffer.from(`${JSON.stringify({ format: FORMAT, ...provenance, ...content }, null, 2)}\n`));
}

/** Reads such a file. Throws a UserError in one sentence that names it and what is wrong. */
export const readSensitivity = (file: string): SensitivityFile => parse(sensitivitySchema, readJson(file), file);

/**
 * The blocks in the order in which to drop them: the one whose removal raises the WER least first, and of equal ones the
 * later. Each was removed alone from the whole path, as in Li et al., 2025 (arXiv 2505.21237); nothing is known of several
 * at once. The order of equal ones is our own choice.
 */
export const dropOrder = ({ leftOut }: Pick<Sensitivity, "leftOut">): number[] =>
  leftOut.toSorted((a, b) => a.wer - b.wer || b.block - a.block).map(({ block }) => block);
