import * as z from "zod";

/** A section whose `kind` determines its other keys. */
export type KindOption = z.ZodObject<{ kind: z.ZodType }>;

/**
 * A section with several kinds. The option whose `kind` may be left out marks it with `defaultKind`.
 *
 *     byKind([z.strictObject({ kind: defaultKind("fbank"), ... }), z.strictObject({ kind: oneOf("waveform"), ... })])
 */
export function byKind<const Options extends readonly [KindOption, ...KindOption[]]>(options: Options) {
  const error = `expected ${kindsOf(options)
    .map((word) => `"${word}"`)
    .join(" or ")}`;
  return z.discriminatedUnion("kind", options as unknown as [Options[number], ...Options[number][]], { error });
}

/** The value of `kind` assumed if it is left out. */
export const defaultKind = <const Word extends string>(word: Word) =>
  z
    .literal(word)
    .optional()
    .default(word as never);

/** The values that `kind` may take. */
export function kindsOf(options: readonly KindOption[]): string[] {
  return options.flatMap(({ shape: { kind } }) =>
    [...((kind._zod.values ?? []) as Iterable<unknown>)].filter((word): word is string => typeof word === "string"),
  );
}
