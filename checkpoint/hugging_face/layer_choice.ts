import { UserError } from "../../engine/errors.ts";

/** Which layers of a pretrained encoder the seed begins with. */
export interface LayerChoice {
  /** These layers, counted from 0, in this order. */
  readonly seedLayers?: readonly number[] | undefined;
  /** So many of them, picked by `pick`; all if neither is given. */
  readonly seedBlocks?: number | undefined;
  /** "even": spread from the first to the last; "first": the ones nearest the input. */
  readonly pick?: "even" | "first" | undefined;
}

/** Choices with names: seeds of 8 and of 6 blocks that unfold to the 12 layers of a base model, as in the paper's experiments. */
export const recipes = {
  "8-to-12": { seedBlocks: 8, pick: "even", depths: [12] },
  "6-to-12": { seedBlocks: 6, pick: "even", depths: [12] },
} as const satisfies Record<string, LayerChoice & { depths: readonly number[] }>;

/**
 * The original layer that each physical block begins with. The paper does not say how a seed is started from a pretrained
 * model; this is our choice. Evenly picked, block i of n is layer round(i (layers - 1) / (n - 1)), so that the first and the last
 * layer are kept, and in repeat order each block stands where its own layer stood or next to it.
 *
 * @param layers of the pretrained encoder
 * @throws UserError if there are not so many layers
 */
export function chooseLayers(layers: number, { seedLayers, seedBlocks, pick = "even" }: LayerChoice): number[] {
  if (seedLayers) {
    if (seedBlocks !== undefined)
      throw new UserError("--seed-layers says how many blocks there are: leave --seed-blocks out");
    const beyond = seedLayers.find((layer) => layer >= layers);
    if (beyond !== undefined)
      throw new UserError(`--seed-layers: there is no layer ${beyond}, the model has ${layers} (0 to ${layers - 1})`);
    return [...seedLayers];
  }
  const blocks = seedBlocks ?? layers;
  if (blocks > layers)
    throw new UserError(`--seed-blocks: expected no more than the model's ${layers} layers, got ${blocks}`);
  const step = pick === "even" && blocks > 1 ? (layers - 1) / (blocks - 1) : 1;
  return Array.from({ length: blocks }, (_, block) => Math.round(block * step));
}
