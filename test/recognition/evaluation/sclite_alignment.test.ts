import { describe, expect, it } from "vitest";
import { align, type AlignmentStep } from "../../../recognition/evaluation/error_rate.ts";
import { alignAsSclite } from "../../../recognition/evaluation/sclite_alignment.ts";
import { alignments, printed, trnLines } from "../sclite_fixtures.ts";

const counts = (alignment: readonly AlignmentStep[]): string =>
  (["correct", "substitution", "deletion", "insertion"] as const)
    .map((op) => alignment.filter((step) => step.op === op).length)
    .join(" ");
const marks = (alignment: readonly AlignmentStep[]): string => alignment.map(({ op }) => op[0]!.toUpperCase()).join("");

describe("alignAsSclite", () => {
  it.each(Object.keys(printed))("counts in every utterance what sclite counts: %s", (name) => {
    const ids = trnLines(name, "ref").map(({ id }) => id);
    for (const system of ["a", "b"] as const) {
      const found = alignments(name, system).map((alignment, u) => [ids[u], counts(alignment)]);
      expect(Object.fromEntries(found)).toEqual(printed[name]![system]);
    }
  });

  it("matches words where the fewest errors would not, and so may count more", () => {
    const both = (reference: string, hypothesis: string): string[] =>
      [align, alignAsSclite].map((of) => marks(of(reference.split(" "), hypothesis.split(" "))));
    expect(both("one two", "two one")).toEqual(["SS", "DCI"]);
    expect(both("a b c d e", "x y z a b")).toEqual(["SSSSS", "IIICCDDD"]);
  });

  it("of nothing is nothing, or as many deletions or insertions as words", () => {
    expect(alignAsSclite([], [])).toEqual([]);
    expect(marks(alignAsSclite(["a", "b"], []))).toBe("DD");
    expect(marks(alignAsSclite([], ["a", "b"]))).toBe("II");
  });
});
