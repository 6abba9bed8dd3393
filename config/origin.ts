import type { UnitsJson } from "../model/units/units.ts";
import { isSection } from "./camel_case.ts";

/** The parts of the checkpoint a run starts from that config and data inherit. */
export interface Origin {
  /** What to call it in messages. */
  readonly path: string;
  /** Whether the run resumes from it, rather than starting a new run with its weights. */
  readonly resumed: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  /** Null for an encoder without an output layer. */
  readonly units: UnitsJson | null;
  /** The feature normalisation statistics; null if the front end takes none. */
  readonly cmvn: unknown;
}

/** Sections inherited key by key, but only within the same kind: keys of another kind mean something else. */
const SECTIONS = ["model", "features", "unfold", "masking"] as const;

/**
 * A config's values, completed with those of the checkpoint it starts from: model, features, sample rate, units, unfolding, masking
 * and LayerDrop, where the config does not set them itself.
 */
export function inherit(
  given: Readonly<Record<string, unknown>>,
  { config, units }: Pick<Origin, "config" | "units">,
): Record<string, unknown> {
  const data = { ...pick(config["data"], "sample_rate"), ...section(given["data"]) };
  const loss = { ...pick(config["loss"], "layer_drop"), ...section(given["loss"]) };
  const sections = SECTIONS.flatMap((key): [string, unknown][] =>
    key in config ? [[key, merged(given[key], inheritable(config[key]))]] : [],
  );
  // The files behind the checkpoint's units may be gone; the checkpoint holds their contents.
  const ownUnits = units === null ? {} : { units: pick(config["units"], "kind") };
  return {
    ...given,
    ...(Object.keys(data).length > 0 && { data }),
    ...(isSection(given["loss"] ?? {}) && { loss }),
    ...Object.fromEntries(sections),
    ...("units" in given ? { units: given["units"] } : ownUnits),
  };
}

/** The given values, merged over the checkpoint's if both are of the same kind. */
function merged(given: unknown, inherited: unknown): unknown {
  if (given === undefined) return inherited;
  if (!isSection(given) || !isSection(inherited)) return given;
  const sameKind = given["kind"] === undefined || given["kind"] === inherited["kind"];
  return sameKind ? { ...inherited, ...given } : given;
}

/** A section without what was decided for another machine. */
function inheritable(inherited: unknown): unknown {
  if (!isSection(inherited)) return inherited;
  const { checkpointing: _, ...others } = inherited;
  return others;
}

const section = (value: unknown): Record<string, unknown> => (isSection(value) ? value : {});

const pick = (value: unknown, key: string): Record<string, unknown> =>
  isSection(value) && key in value ? { [key]: value[key] } : {};
