import type { Wav2Vec2Config } from "../../model/wav2vec2/config.ts";
import { prefixOf } from "../../model/wav2vec2/names.ts";

/** How a file spells tensor names for which the model has a single spelling. */
export interface Spelling {
  /** Whether encoder names begin with `wav2vec2.` or similar, as in every file with a head. */
  readonly prefixed: boolean;
  /**
   * The two parts of a weight norm: `weight_g` and `weight_v`, or since PyTorch 2 `parametrizations.weight.original0`
   * and `1`.
   */
  readonly weightNorm: "weight_g" | "parametrizations";
}

const WEIGHT_NORM = [
  [".weight_g", ".parametrizations.weight.original0"],
  [".weight_v", ".parametrizations.weight.original1"],
] as const;

/** Detects the spelling of the names in a file. */
export function spellingOf(names: Iterable<string>, { kind }: Pick<Wav2Vec2Config, "kind">): Spelling {
  const all = [...names];
  return {
    prefixed: all.some((name) => name.startsWith(prefixOf({ kind }))),
    weightNorm: all.some((name) => name.endsWith(WEIGHT_NORM[0][0])) ? "weight_g" : "parametrizations",
  };
}

/** Converts a tensor name from a file's spelling to the model's. */
export function modelName(name: string, { prefixed }: Spelling, { kind }: Pick<Wav2Vec2Config, "kind">): string {
  const [short, long] = WEIGHT_NORM.find(([ending]) => name.endsWith(ending)) ?? ["", ""];
  const spelt = name.slice(0, name.length - short.length) + long;
  return prefixed || spelt.startsWith("lm_head.") ? spelt : prefixOf({ kind }) + spelt;
}

/** The inverse: converts a tensor name from the model's spelling to a file's. */
export function fileName(
  name: string,
  { prefixed, weightNorm }: Spelling,
  { kind }: Pick<Wav2Vec2Config, "kind">,
): string {
  const [short, long] = (weightNorm === "weight_g"
    ? WEIGHT_NORM.find(([, ending]) => name.endsWith(ending))
    : undefined) ?? ["", ""];
  const spelt = name.slice(0, name.length - long.length) + short;
  return !prefixed && spelt.startsWith(prefixOf({ kind })) ? spelt.slice(prefixOf({ kind }).length) : spelt;
}

/** The name of the same tensor in another layer; names outside the layers are unchanged. */
export function inLayer(name: string, layer: number, config: Pick<Wav2Vec2Config, "kind">): string {
  const of = layerOf(name, config);
  return of === undefined
    ? name
    : `${layersAt(config)}${layer}${name.slice(layersAt(config).length + String(of).length)}`;
}

/** The layer that a tensor belongs to; undefined for tensors outside the layers. */
export function layerOf(name: string, config: Pick<Wav2Vec2Config, "kind">): number | undefined {
  const [, layer] = (name.startsWith(layersAt(config)) && /^(\d+)\./u.exec(name.slice(layersAt(config).length))) || [];
  return layer === undefined ? undefined : Number(layer);
}

const layersAt = (config: Pick<Wav2Vec2Config, "kind">): string => `${prefixOf(config)}encoder.layers.`;
