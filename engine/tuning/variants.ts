import type { AdapterDescription } from "../adapter.ts";

/*
 * Terms used here and in tuner.ts:
 *   variant   one of several kernels that compute the same operation, each best somewhere
 *   sizes     what a variant's speed depends on: dimensions (numbers) and switches (booleans, such as a transpose)
 *   choice    an operation with sizes, for which one variant must be chosen
 *   table     measured milliseconds of variants at some sizes on one adapter: data, written by `unfold bench --tune`
 */

/** Dimensions and switches of one choice. */
export type Sizes = Readonly<Record<string, number | boolean>>;

/** The device properties that a variant may depend on. */
export interface VariantDevice {
  readonly isSoftware: boolean;
  readonly features: ReadonlySet<string>;
  readonly info: Pick<AdapterDescription, "subgroupMinSize" | "subgroupMaxSize" | "subgroupMatrices">;
  readonly limits: Pick<GPUSupportedLimits, "maxComputeWorkgroupStorageSize" | "maxComputeInvocationsPerWorkgroup">;
}

export interface Variant<S extends Sizes> {
  /** Device features that its shader needs to compile. */
  readonly requires?: readonly string[];
  /**
   * "software": designed for drivers that run on a CPU; GPUs neither compile nor try it. Default: any adapter. GPU variants also fit
   * software drivers, where tests cover them.
   */
  readonly adapters?: "software";
  /** Whether it supports these sizes; default: all. */
  readonly fits?: (sizes: S, device: VariantDevice) => boolean;
}

export interface VariantsDeclaration<S extends Sizes, N extends string> {
  readonly variants: Readonly<Record<N, Variant<S>>>;
  /** The order without a table, best first. The first that fits is taken, so the last must fit everything. */
  readonly defaults: (sizes: S, device: VariantDevice) => readonly NoInfer<N>[];
}

export interface Variants<S extends Sizes, N extends string> {
  readonly operation: string;
  readonly names: readonly N[];
  /** The variants that support these sizes on this device. */
  fitting(sizes: S, device: VariantDevice): N[];
  /** The first that fits of `preferred`, then of the defaults. */
  firstFitting(sizes: S, device: VariantDevice, preferred: readonly string[]): N;
  /** The variant to use: a forced one, else the fastest in the device's table, else the default. */
  choose(device: TuningDevice, sizes: S): N;
}

/** A device that chooses variants: see tuner.ts. */
export interface TuningDevice {
  readonly tuner: { choose<S extends Sizes, N extends string>(variants: Variants<S, N>, sizes: S): N };
}

/**
 * Declares the variants of an operation, which `choose` picks from.
 *
 * @param operation the folder's name, with a suffix if it has several choices: "attention_backward"
 */
export function defineVariants<S extends Sizes, N extends string>(
  operation: string,
  { variants, defaults }: VariantsDeclaration<S, N>,
): Variants<S, N> {
  const names = Object.keys(variants) as N[];
  const fits = (name: N, sizes: S, device: VariantDevice): boolean => {
    const { adapters, requires = [], fits = () => true } = variants[name];
    if (adapters === "software" && !device.isSoftware) return false;
    return requires.every((feature) => device.features.has(feature)) && fits(sizes, device);
  };
  const declared: Variants<S, N> = {
    operation,
    names,
    fitting: (sizes, device) => names.filter((name) => fits(name, sizes, device)),
    firstFitting(sizes, device, preferred) {
      const known = preferred.filter((name): name is N => name in variants);
      const name = [...known, ...defaults(sizes, device)].find((name) => fits(name, sizes, device));
      if (!name) throw new Error(`${operation}: no variant fits ${describeSizes(sizes)}`);
      return name;
    },
    choose: (device, sizes) => device.tuner.choose(declared, sizes),
  };
  return declared;
}

/** "rows 512, cols 64, transposed": dimensions by name, and the switches that are on. */
export const describeSizes = (sizes: Sizes): string =>
  Object.entries(sizes)
    .flatMap(([name, value]) => (typeof value === "number" ? [`${name} ${value}`] : value ? [name] : []))
    .join(", ");
