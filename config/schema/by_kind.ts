import * as z from "zod";

/** A section that knows by the value of its `kind` which other keys it has. */
export type KindOption = z.ZodObject<{ kind: z.ZodType }>;

/**
 * One section in several kinds. The option that may be left out says so itself, with `defaultKind`.
 *
 *     byKind([z.strictObject({ kind: defaultKind("fbank"), ... }), z.strictObject({ kind: oneOf("waveform"), ... })])
 */
export function byKind<const Options extends readonly [KindOption, ...KindOption[]]>(options: Options) {
  const error = `expected ${kindsOf(options)
    .map((word) => `"${word}"`)
    .join(" or ")}`;
  return z.discriminatedUnion("kind", options as unknown as [Options[number], ...Options[number][]], { error });
}

/** The word of the kind that is meant where none is written. */
export const defaultKind = <const Word extends string>(word: Word) =>
  z
    .literal(word)
    .optional()
    .default(word as never);

/** The words that `kind` may be. */
export function kindsOf(options: readonly KindOption[]): string[] {
  return options.flatMap(({ shape: { kind } }) =>
    [...((kind._zod.values ?? []) as Iterable<unknown>)].filter((word): word is string => typeof word === "string"),
  );
}
