import { describe, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { hash, uniform } from "../../../engine/random.ts";
import {
  bootstrapInterval,
  pairedBootstrap,
  type UtteranceErrors,
} from "../../../recognition/significance/bootstrap.ts";

const A: UtteranceErrors[] = [
  { errors: 2, words: 5 },
  { errors: 0, words: 3 },
  { errors: 3, words: 7 },
  { errors: 1, words: 2 },
];
const B: UtteranceErrors[] = [
  { errors: 1, words: 5 },
  { errors: 1, words: 3 },
  { errors: 1, words: 7 },
  { errors: 1, words: 2 },
];

/** All 4^4 resamples of four utterances, as lists of indices: what random ones approach. */
const ALL = Array.from({ length: 256 }, (_, r) => [0, 1, 2, 3].map((i) => Math.floor(r / 4 ** i) % 4));

const rate = (set: readonly UtteranceErrors[], drawn: readonly number[]): number =>
  drawn.reduce((sum, u) => sum + set[u]!.errors, 0) / drawn.reduce((sum, u) => sum + set[u]!.words, 0);

/** The smallest value that this share of all resamples do not exceed. */
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((x, y) => x - y)[Math.ceil(share * values.length) - 1]!;

/** Errors and words of utterances that a recogniser with this word error rate might have made. */
const draw = (utterances: number, wer: number, ...key: number[]): UtteranceErrors[] =>
  Array.from({ length: utterances }, (_, u) => {
    const words = 2 + (hash(...key, u, 0) % 6);
    const hard = 2 * uniform(...key, u, 1); // errors of an utterance come together
    return {
      words,
      errors: Array.from({ length: words }, (_, w) => uniform(...key, u, 2, w) < wer * hard).filter(Boolean).length,
    };
  });

describe("bootstrapInterval", () => {
  it("approaches the percentiles of all resamples there are", () => {
    const rates = ALL.map((drawn) => rate(A, drawn));
    // 80 %, at whose ends the distribution of so few resamples does not jump far.
    const { value, low, high } = bootstrapInterval(A, { resamples: 20_000, confidence: 0.8 });
    expect(value).toBe(6 / 17);
    expect(
      [quantile(rates, 0.09), quantile(rates, 0.11)].map((limit, i) => (i === 0 ? low >= limit : low <= limit)),
    ).toEqual([true, true]);
    expect(
      [quantile(rates, 0.89), quantile(rates, 0.91)].map((limit, i) => (i === 0 ? high >= limit : high <= limit)),
    ).toEqual([true, true]);
  });

  it("holds the true rate about as often as it says", () => {
    const sets = 300;
    const holds = (set: number): boolean => {
      const { low, high } = bootstrapInterval(draw(80, 0.2, 5, set), { resamples: 400, seed: set });
      return low <= 0.2 && 0.2 <= high;
    };
    const coverage = Array.from({ length: sets }, (_, set) => holds(set)).filter(Boolean).length / sets;
    // 95 %, less a little for the percentile method with 80 utterances, and three standard errors of 300 sets.
    expect(coverage).toBeGreaterThan(0.9);
    expect(coverage).toBeLessThan(0.985);
  });

  it("is a function of its arguments, the seed among them", () => {
    expect(bootstrapInterval(A, { seed: 3 })).toEqual(bootstrapInterval(A, { seed: 3 }));
    const wide = draw(50, 0.3, 1);
    expect(bootstrapInterval(wide, { seed: 3 })).not.toEqual(bootstrapInterval(wide, { seed: 4 }));
  });

  it("of equal utterances is a point, and refuses a set without words", () => {
    expect(bootstrapInterval(Array.from({ length: 5 }, () => ({ errors: 1, words: 4 })))).toEqual({
      value: 0.25,
      low: 0.25,
      high: 0.25,
    });
    expect(() => bootstrapInterval([{ errors: 1, words: 0 }])).toThrow(UserError);
    expect(() => bootstrapInterval([])).toThrow("the 0 utterances have no reference words");
  });
});

describe("pairedBootstrap", () => {
  it("approaches the shares of all resamples there are", () => {
    const differences = ALL.map((drawn) => rate(B, drawn) - rate(A, drawn));
    const share = (holds: (d: number) => boolean): number => differences.filter(holds).length / ALL.length;
    const found = pairedBootstrap(A, B, { resamples: 20_000, confidence: 0.8 });
    expect(found.difference.value).toBeCloseTo(4 / 17 - 6 / 17, 12);
    // 20,000 resamples have a standard error of at most 0.0035.
    expect(Math.abs(found.improvement - (share((d) => d < 0) + share((d) => d === 0) / 2))).toBeLessThan(0.015);
    expect(
      Math.abs(
        found.pValue -
          2 *
            Math.min(
              share((d) => d <= 0),
              share((d) => d >= 0),
            ),
      ),
    ).toBeLessThan(0.03);
    expect(found.difference.low).toBeGreaterThanOrEqual(quantile(differences, 0.09));
    expect(found.difference.low).toBeLessThanOrEqual(quantile(differences, 0.11));
    expect(found.difference.high).toBeGreaterThanOrEqual(quantile(differences, 0.89));
    expect(found.difference.high).toBeLessThanOrEqual(quantile(differences, 0.91));
    expect([found.a, found.b]).toEqual([
      bootstrapInterval(A, { resamples: 20_000, confidence: 0.8 }),
      bootstrapInterval(B, { resamples: 20_000, confidence: 0.8 }),
    ]);
  });

  it("mirrors when its arguments change places", () => {
    const [one, two] = [
      draw(40, 0.3, 7),
      draw(40, 0.3, 7).map((u, i) => ({ ...u, errors: Math.max(0, u.errors - (i % 3)) })),
    ];
    const [forth, back] = [pairedBootstrap(one, two), pairedBootstrap(two, one)];
    expect(back.improvement).toBeCloseTo(1 - forth.improvement, 12);
    expect(back.pValue).toBe(forth.pValue);
    expect(back.difference.low).toBeCloseTo(-forth.difference.high, 12);
    expect(back.a).toEqual(forth.b);
  });

  it("sees a small difference that is everywhere, which the intervals of each alone do not show", () => {
    const one = draw(100, 0.3, 8);
    const two = one.map((u, i) => ({ ...u, errors: u.errors > 0 && i % 4 === 0 ? u.errors - 1 : u.errors }));
    const { a, b, difference, improvement, pValue } = pairedBootstrap(one, two);
    expect(b.high).toBeGreaterThan(a.low); // overlap
    expect(difference.high).toBeLessThan(0);
    expect([improvement > 0.99, pValue < 0.01]).toEqual([true, true]);
    expect(pValue).toBeGreaterThan(0); // no number of resamples shows that
  });

  it("calls two systems of the same true rate different about as often as it says", () => {
    const sets = 300;
    const differs = (set: number): boolean =>
      pairedBootstrap(
        draw(80, 0.2, 6, set),
        draw(80, 0.2, 6, set).map(({ words }, u) => {
          const hard = 2 * uniform(6, set, u, 1); // the same utterances are hard for both
          return {
            words,
            errors: Array.from({ length: words }, (_, w) => uniform(6, set, u, 3, w) < 0.2 * hard).filter(Boolean)
              .length,
          };
        }),
        { resamples: 400, seed: set },
      ).pValue < 0.05;
    const rejected = Array.from({ length: sets }, (_, set) => differs(set)).filter(Boolean).length / sets;
    // 5 %, and three standard errors of 300 sets; ties, which count on both sides, make it fewer.
    expect(rejected).toBeGreaterThan(0.01);
    expect(rejected).toBeLessThan(0.09);
  });

  it("finds no difference between equal systems, and refuses other utterances", () => {
    expect(pairedBootstrap(A, A)).toMatchObject({
      difference: { value: 0, low: 0, high: 0 },
      improvement: 0.5,
      pValue: 1,
    });
    expect(() => pairedBootstrap(A, B.slice(1))).toThrow("a has 4 utterances, b has 3");
    expect(() => pairedBootstrap(A, B.with(2, { errors: 0, words: 8 }))).toThrow(
      "utterance 2 has 7 words in a and 8 in b",
    );
  });
});
