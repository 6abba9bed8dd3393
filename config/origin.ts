import type { UnitsJson } from "../model/units/units.ts";
import { isSection } from "./camel_case.ts";

/** The checkpoint that a run begins with, as far as config and data take something over from it. */
export interface Origin {
  /** Names it in messages. */
  readonly path: string;
  /** Whether the run goes on from it, rather than starting anew with its weights. */
  readonly resumed: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  /** Null of an encoder without an output layer. */
  readonly units: UnitsJson | null;
  /** What features are normalised with; null where the front end takes nothing. */
  readonly cmvn: unknown;
}

/** Sections that are taken over key by key, each of one kind only: keys of another kind mean something else. */
const SECTIONS = ["model", "features", "unfold", "masking"] as const;

/**
 * A config's values with those of the checkpoint that it starts from: model, features, sample rate, units, unfolding, masking and
 * LayerDrop, as far as the config does not say them itself.
 */
export function inherit(
  given: Readonly<Record<string, unknown>>,
  { config, units }: Pick<Origin, "config" | "units">,
): Record<string, unknown> {
  const data = { ...pick(config["data"], "sample_rate"), ...section(given["data"]) };
  const loss = { ...pick(config["loss"], "layer_drop"), ...section(given["loss"]) };
  const sections = SECTIONS.flatMap((key): [string, unknown][] =>
    key in config ? [[key, merged(given[key], config[key])]] : [],
  );
  // Files that the checkpoint's units came from may be gone: what they held is in the checkpoint.
  const ownUnits = units === null ? {} : { units: pick(config["units"], "kind") };
  return {
    ...given,
    ...(Object.keys(data).length > 0 && { data }),
    ...(isSection(given["loss"] ?? {}) && { loss }),
    ...Object.fromEntries(sections),
    ...("units" in given ? { units: given["units"] } : ownUnits),
  };
}

/** The values written, over those of the checkpoint where these are of the same kind. */
function merged(given: unknown, inherited: unknown): unknown {
  if (given === undefined) return inherited;
  if (!isSection(given) || !isSection(inherited)) return given;
  const sameKind = given["kind"] === undefined || given["kind"] === inherited["kind"];
  return sameKind ? { ...inherited, ...given } : given;
}

const section = (value: unknown): Record<string, unknown> => (isSection(value) ? value : {});

const pick = (value: unknown, key: string): Record<string, unknown> =>
  isSection(value) && key in value ? { [key]: value[key] } : {};
