import type { Parameters } from "../engine/parameters.ts";
import type { CtcModel } from "./ctc_model.ts";
import { depthOfParameter } from "./depth_norms.ts";
import type { DepthSchedule } from "./unfold.ts";

export interface ParameterCounts {
  /** All stored parameters. */
  readonly whole: number;
  readonly encoder: number;
  /** An attention decoder, which every path loads; 0 without one. */
  readonly decoder: number;
  /** One physical block, with the norms of one depth. */
  readonly block: number;
  /** One physical block of a decoder; 0 without one. */
  readonly decoderBlock: number;
  /** The norms of all depths but one, if each has its own: no single path loads them. */
  readonly otherNorms: number;
}

export function countParameters({
  model: { scopes },
  parameters,
}: {
  readonly model: Pick<CtcModel, "scopes">;
  readonly parameters: Parameters;
}): ParameterCounts {
  const sum = (wanted: (name: string) => boolean): number =>
    parameters.all.reduce((total, { name, tensor }) => (wanted(name) ? total + tensor.size : total), 0);
  const one = parameters.all.map(({ name }) => depthOfParameter(name)).find((depth) => depth !== undefined);
  const isOther = (name: string): boolean => depthOfParameter(name) !== one && depthOfParameter(name) !== undefined;
  return {
    whole: parameters.count,
    encoder: sum((name) => name.startsWith(scopes.encoder)),
    decoder: scopes.decoder === undefined ? 0 : sum((name) => name.startsWith(scopes.decoder as string)),
    block: sum((name) => name.startsWith(scopes.firstBlock) && !isOther(name)),
    decoderBlock: scopes.decoder === undefined ? 0 : sum((name) => name.startsWith(`${scopes.decoder}decoders.0.`)),
    otherNorms: sum(isOther),
  };
}

export interface ModelSize {
  readonly whole: number;
  readonly encoder: number;
}

/** Parameters that a path loads: each physical block it uses once, and no other depth's norms. */
export function parametersOf(counts: ParameterCounts, physicalBlocks: number, schedule: DepthSchedule): ModelSize {
  return sizeWith(counts, new Set(schedule).size - physicalBlocks);
}

/**
 * Parameters of an ordinary model of the same depth, whose layers share nothing, for comparison.
 *
 * @param repeatedDecoderLayers layers of a decoder beyond its blocks
 */
export function untiedParameters(
  counts: ParameterCounts,
  physicalBlocks: number,
  schedule: DepthSchedule,
  repeatedDecoderLayers = 0,
): ModelSize {
  const { whole, encoder } = sizeWith(counts, schedule.length - physicalBlocks);
  return { whole: whole + repeatedDecoderLayers * counts.decoderBlock, encoder };
}

const sizeWith = ({ whole, encoder, block, otherNorms }: ParameterCounts, moreBlocks: number): ModelSize => ({
  whole: whole - otherNorms + moreBlocks * block,
  encoder: encoder - otherNorms + moreBlocks * block,
});
