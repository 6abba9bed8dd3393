import { describe, expect, it } from "vitest";
import { mapsswe, type Mapsswe } from "../../../recognition/significance/mapsswe.ts";
import { twoTailed } from "../../../recognition/significance/normal_tail.ts";
import { alignAsSclite } from "../../../recognition/evaluation/sclite_alignment.ts";
import { alignments, printed } from "../sclite_fixtures.ts";

/** As sc_stats prints it. */
const print = ({ segments, mean, standardDeviation, z, p }: Mapsswe) => ({
  segments: String(segments),
  mean: mean.toFixed(3),
  standardDeviation: standardDeviation.toFixed(3),
  z: z.toFixed(3),
  p: p < 0.001 ? "<0.001" : p.toFixed(3),
});

const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
/** Of systems that heard these texts where `reference` was said. */
const compare = (reference: string, a: string, b: string, minGood?: number): Mapsswe =>
  mapsswe([alignAsSclite(words(reference), words(a))], [alignAsSclite(words(reference), words(b))], minGood);

describe("mapsswe", () => {
  const complete = Object.entries(printed).filter(([, { mapsswe }]) => mapsswe.segments !== null);
  it.each(complete)("equals sc_stats to the printed digits: %s", (name, { mapsswe: expected }) => {
    expect(print(mapsswe(alignments(name, "a"), alignments(name, "b")))).toEqual(expected);
  });

  it("has fixtures of at least six pairs that differ, and of both verdicts", () => {
    const differing = complete.filter(([, { a, b }]) => Object.keys(a).some((id) => a[id] !== b[id]));
    expect(differing.length).toBeGreaterThanOrEqual(6);
    const verdicts = new Set(differing.map(([, { mapsswe }]) => Math.abs(Number(mapsswe.z)) > 1.96));
    expect(verdicts.size).toBe(2);
  });

  it("without a segment finds no difference, with sc_stats's p", () => {
    const found = mapsswe(alignments("no-errors", "a"), alignments("no-errors", "b"));
    expect(found).toEqual({ segments: 0, mean: 0, standardDeviation: 0, z: 0, p: 1 });
    expect(print(found).p).toBe(printed["no-errors"]!.mapsswe.p);
    expect(mapsswe([], [])).toEqual(found);
  });

  it("ends a segment where both have two words in a row right", () => {
    expect(compare("a b c d e f", "x b c d e x", "a b c d e f")).toMatchObject({ segments: 2, mean: 1 });
    expect(compare("a b c d e f", "x b c d e x", "a b x d e f")).toMatchObject({ segments: 2, mean: 0.5 });
    expect(compare("a b c d e f", "x b c d e x", "a b x d x f").segments).toBe(1);
    expect(compare("a b c d e f", "x b c d e x", "a b c y d e f").segments).toBe(3);
  });

  it("takes words for neighbours only if nothing was inserted between them", () => {
    expect(compare("a b c d", "x b c x", "a b c d").segments).toBe(2);
    expect(compare("a b c d", "x b c x", "a b y c d").segments).toBe(1);
  });

  it("asks for as many right words as it is told", () => {
    expect([1, 2, 3, 4].map((minGood) => compare("a b c d e", "x b c d x", "a b c d e", minGood).segments)).toEqual([
      2, 2, 2, 1,
    ]);
  });

  it("mirrors when its arguments change places, and does not join utterances", () => {
    for (const name of Object.keys(printed)) {
      const [a, b] = [alignments(name, "a"), alignments(name, "b")];
      const [forth, back] = [mapsswe(a, b), mapsswe(b, a)];
      expect(back.z).toBeCloseTo(-forth.z, 12);
      expect({ ...back, mean: 0, z: 0 }).toEqual({ ...forth, mean: 0, z: 0 });
    }
    const [wrong, right] = [alignAsSclite(["a"], ["b"]), alignAsSclite(["a"], ["a"])];
    expect(mapsswe([wrong, wrong, wrong], [right, right, right]).segments).toBe(3);
  });

  it("refuses other utterances", () => {
    const [one, two] = [alignAsSclite(["a"], ["b"]), alignAsSclite(["c"], ["b"])];
    expect(() => mapsswe([one], [one, one])).toThrow("a has 1 utterances, b has 2");
    expect(() => mapsswe([one, one], [one, two])).toThrow("utterance 1 has the reference 'a' in a and 'c' in b");
  });
});

describe("twoTailed", () => {
  it("is the normal distribution's, on both sides of its change of method", () => {
    // Python's math.erfc(z / math.sqrt(2))
    const known = { 0: 1, 0.5: 0.6170750774519738, 1.96: 0.04999579029644097, 2.8: 0.005110260660855874 };
    for (const [z, p] of Object.entries(known)) expect(twoTailed(-Number(z))).toBeCloseTo(p, 12);
    expect(twoTailed(3) / 0.0026997960632601913).toBeCloseTo(1, 11);
    expect(twoTailed(8) / 1.2441921148543639e-15).toBeCloseTo(1, 11);
  });
});
