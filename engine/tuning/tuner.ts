import type { TunedEntry, TunedTable } from "./tuned_table.ts";
import { describeSizes, type Sizes, type VariantDevice, type Variants } from "./variants.ts";

/** A choice that was made, recorded to measure the alternatives. */
export interface MadeChoice {
  readonly operation: string;
  readonly sizes: Sizes;
  readonly chosen: string;
  /** Every variant that supports these sizes here, including the chosen one. */
  readonly fitting: readonly string[];
}

/** Overrules the choice for an operation: use this variant everywhere it fits, or only at these sizes. */
export interface Overrule {
  readonly operation: string;
  readonly variant: string;
  readonly sizes?: Sizes;
}

/** Maximum distance, in octaves summed over dimensions, at which a measurement applies to other sizes. */
const MAX_DISTANCE = 6;

/**
 * Chooses variants for one device, as a pure function of its table, the sizes and the device. Nothing is measured here, so equal
 * runs make equal choices.
 */
export class Tuner {
  readonly #device: VariantDevice;
  readonly #table: TunedTable | undefined;
  readonly #known = new Map<string, string>();
  #overrules: readonly Overrule[] = [];
  #observed: Map<string, MadeChoice> | undefined;

  constructor(device: VariantDevice, table?: TunedTable) {
    this.#device = device;
    this.#table = table;
  }

  choose<S extends Sizes, N extends string>(variants: Variants<S, N>, sizes: S): N {
    const key = choiceKey(variants.operation, sizes);
    let name = this.#known.get(key) as N | undefined;
    if (name === undefined) this.#known.set(key, (name = this.#decide(variants, sizes, key)));
    if (this.#observed && !this.#observed.has(key))
      this.#observed.set(key, {
        operation: variants.operation,
        sizes,
        chosen: name,
        fitting: variants.fitting(sizes, this.#device),
      });
    return name;
  }

  #decide<S extends Sizes, N extends string>(variants: Variants<S, N>, sizes: S, key: string): N {
    const overruled = this.#overrules
      .filter(
        ({ operation, sizes }) => operation === variants.operation && (!sizes || choiceKey(operation, sizes) === key),
      )
      .map(({ variant }) => variant);
    const usual = variants.firstFitting(sizes, this.#device, []);
    const measured = rankMeasured(this.#table?.operations[variants.operation] ?? [], sizes, usual);
    return variants.firstFitting(sizes, this.#device, [...overruled, ...measured]);
  }

  /** The choices made by `body`, which must be synchronous. */
  during(body: () => void): MadeChoice[] {
    const outer = this.#observed;
    this.#observed = new Map();
    try {
      body();
      return [...this.#observed.values()];
    } finally {
      this.#observed = outer;
    }
  }

  /** Forces these variants wherever they fit; an empty list ends it. For tests and measurements. */
  overrule(choices: readonly Overrule[]): void {
    this.#overrules = choices;
    this.#known.clear();
  }
}

const choiceKey = (operation: string, sizes: Sizes): string => {
  let key = operation;
  for (const name in sizes) key += ` ${String(sizes[name])}`;
  return key;
};

/** Speedup over the default variant below which it is kept: the spread of measurements on a machine with other work. */
const MIN_SPEEDUP = 1.15;

/**
 * The variants measured at the nearest sizes, fastest first; empty if no measurement is near. `usual`, the default variant, ranks
 * first unless another one is clearly faster.
 */
export function rankMeasured(entries: readonly TunedEntry[], sizes: Sizes, usual: string): string[] {
  let nearest: TunedEntry | undefined;
  let least = MAX_DISTANCE;
  for (const entry of entries) {
    const octaves = distance(entry.sizes, sizes);
    if (octaves < least || (octaves === least && !nearest)) [nearest, least] = [entry, octaves];
  }
  const rank = ([name, ms]: [string, number]): number => (name === usual ? ms / MIN_SPEEDUP : ms);
  return nearest
    ? Object.entries(nearest.ms)
        .sort((a, b) => rank(a) - rank(b))
        .map(([name]) => name)
    : [];
}

/** Σ |log₂ ratio| over the dimensions; infinite if a switch or the dimensions' names differ. */
function distance(a: Sizes, b: Sizes): number {
  if (Object.keys(a).length !== Object.keys(b).length) return Infinity;
  return Object.entries(b).reduce((sum, [name, value]) => {
    const other = a[name];
    if (typeof value === "number" && typeof other === "number")
      return sum + Math.abs(Math.log2((value + 1) / (other + 1)));
    return other === value ? sum : Infinity;
  }, 0);
}

/** "matmul (rows 512, cols 64)", for messages. */
export const describeChoice = ({ operation, sizes }: { operation: string; sizes: Sizes }): string =>
  `${operation} (${describeSizes(sizes)})`;
