import { UserError } from "../../engine/errors.ts";
import type { KeptLayers } from "./kept_layers.ts";

/** Which layers of a pretrained encoder initialise the seed. */
export interface LayerChoice {
  /** These layers, counted from 0, in this order. */
  readonly seedLayers?: readonly number[] | undefined;
  /** How many layers to pick by `pick`; all if neither is given. */
  readonly seedBlocks?: number | undefined;
  /** "even": spread from the first to the last; "first": the ones nearest the input. */
  readonly pick?: "even" | "first" | undefined;
  /** Instead of the others: the layers whose removal hurts most. */
  readonly keep?: KeptLayers | undefined;
}

/**
 * Named choices: seeds of 8 and of 6 blocks that unfold to the 12 layers of a base model, as in the paper's
 * experiments.
 */
export const recipes = {
  "8-to-12": { seedBlocks: 8, pick: "even", depths: [12] },
  "6-to-12": { seedBlocks: 6, pick: "even", depths: [12] },
} as const satisfies Record<string, LayerChoice & { depths: readonly number[] }>;

/**
 * The original layer that initialises each physical block. The paper does not say how a seed is initialised from a
 * pretrained model; this is our choice. Picked evenly, block i of n is layer round(i (layers - 1) / (n - 1)), which
 * keeps the first and the last layer, and in repeat order puts each block at or next to its own layer's position.
 *
 * @param layers number of layers of the pretrained encoder
 * @throws UserError if the encoder has too few layers
 */
export function chooseLayers(layers: number, { seedLayers, seedBlocks, pick = "even" }: LayerChoice): number[] {
  if (seedLayers) {
    if (seedBlocks !== undefined)
      throw new UserError("--seed-layers already determines the number of blocks: omit --seed-blocks");
    const beyond = seedLayers.find((layer) => layer >= layers);
    if (beyond !== undefined)
      throw new UserError(`--seed-layers: no layer ${beyond}, the model has ${layers} (0 to ${layers - 1})`);
    return [...seedLayers];
  }
  const blocks = seedBlocks ?? layers;
  if (blocks > layers)
    throw new UserError(`--seed-blocks: expected at most the model's ${layers} layers, got ${blocks}`);
  const step = pick === "even" && blocks > 1 ? (layers - 1) / (blocks - 1) : 1;
  return Array.from({ length: blocks }, (_, block) => Math.round(block * step));
}
