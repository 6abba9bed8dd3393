import { readFileSync } from "node:fs";
import { cutText, type AlignmentStep } from "../../recognition/evaluation/error_rate.ts";
import { alignAsSclite } from "../../recognition/evaluation/sclite_alignment.ts";
import type { TrnLine } from "../../recognition/evaluation/trn.ts";
import { ROOT } from "../built.ts";

/** What sclite and sc_stats printed of a pair of recognisers: see test/fixtures/mapsswe/README.md. */
export interface Printed {
  /** Correct, substituted, deleted and inserted words, by id. */
  readonly a: Record<string, string>;
  readonly b: Record<string, string>;
  readonly mapsswe: Record<"segments" | "mean" | "standardDeviation" | "z", string | null> & { readonly p: string };
}

const FOLDER = `${ROOT}test/fixtures/mapsswe/`;
export const printed = JSON.parse(readFileSync(`${FOLDER}printed.json`, "utf8")) as Record<string, Printed>;

export const trnFile = (name: string, column: "ref" | "a" | "b"): string =>
  readFileSync(`${FOLDER}${name}/${column}.trn`, "utf8");

export const trnLines = (name: string, column: "ref" | "a" | "b"): TrnLine[] =>
  [...trnFile(name, column).matchAll(/^(.*) \((\S+)\)$/gmu)].map(([, text, id]) => ({ id: id!, text: text! }));

/** Alignments of a system with the references, `[utterances][steps]`. */
export function alignments(name: string, system: "a" | "b"): AlignmentStep[][] {
  const heard = trnLines(name, system);
  return trnLines(name, "ref").map(({ text }, u) =>
    alignAsSclite(cutText(text, "word"), cutText(heard[u]!.text, "word")),
  );
}
