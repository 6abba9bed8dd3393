type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** The type with every `snake_case` key in `camelCase`, at every level. */
export type CamelKeys<T> = T extends readonly unknown[]
  ? { [I in keyof T]: CamelKeys<T[I]> }
  : T extends object
    ? { [K in keyof T as K extends string ? CamelCase<K> : K]: CamelKeys<T[K]> }
    : T;

/** A copy with every key in camelCase, as in TypeScript; YAML uses snake_case. */
export function camelKeys<T>(value: T): CamelKeys<T> {
  return renameKeys(value, (key) =>
    key.replace(/_([a-z])/gu, (_, letter: string) => letter.toUpperCase()),
  ) as CamelKeys<T>;
}

/** The inverse of `camelKeys`. */
export function snakeKeys(value: unknown): unknown {
  return renameKeys(value, (key) => key.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`));
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]));
}

/** Whether a config value is a section of keys and values. */
export const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
