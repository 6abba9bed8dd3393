import type { Parameters } from "../engine/parameters.ts";
import { hash } from "../engine/random.ts";
import type { DepthSchedule } from "../model/unfold.ts";
import { scheduleOf } from "./build_model.ts";
import type { TrainConfig } from "./config.ts";

export interface DepthPath {
  readonly depth: number;
  readonly schedule: DepthSchedule;
}

/** The paths that a step trains: the deep one, the seed, then the middle depths drawn for this step. */
export function trainingPaths(config: TrainConfig, step: number): DepthPath[] {
  const deep = config.unfold.depths.at(-1) as number;
  const seed = config.model.blocks;
  if (deep === seed) return [{ depth: deep, schedule: scheduleOf(config, deep) }];
  const between = Array.from({ length: deep - seed - 1 }, (_, i) => seed + 1 + i);
  const drawn = between
    .map((depth) => ({ depth, key: hash(config.seed, step, depth) }))
    .sort((a, b) => a.key - b.key)
    .slice(0, config.loss.middleDepths)
    .map(({ depth }) => depth);
  return [deep, seed, ...drawn].map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));
}

/** The paths that are evaluated. */
export const evaluatedPaths = (config: TrainConfig): DepthPath[] => config.unfold.depths.map((depth) => ({ depth, schedule: scheduleOf(config, depth) }));

export interface ParameterCounts {
  readonly whole: number;
  readonly encoder: number;
  /** Of one physical block. */
  readonly block: number;
}

export function countParameters(parameters: Parameters): ParameterCounts {
  const sum = (prefix: string): number =>
    parameters.all.reduce((total, { name, tensor }) => (name.startsWith(prefix) ? total + tensor.size : total), 0);
  return { whole: parameters.count, encoder: sum("encoder."), block: sum("encoder.encoders.0.") };
}

/** Parameters that a path loads: each physical block once, however often it runs. */
export function parametersOf(counts: ParameterCounts, physicalBlocks: number, schedule: DepthSchedule): ModelSize {
  return sizeWith(counts, new Set(schedule).size - physicalBlocks);
}

/** Parameters of a model of the same depth whose layers share nothing: what unfolding is compared with. */
export function untiedParameters(counts: ParameterCounts, physicalBlocks: number, schedule: DepthSchedule): ModelSize {
  return sizeWith(counts, schedule.length - physicalBlocks);
}

export interface ModelSize {
  readonly whole: number;
  readonly encoder: number;
}

const sizeWith = ({ whole, encoder, block }: ParameterCounts, moreBlocks: number): ModelSize => ({
  whole: whole + moreBlocks * block,
  encoder: encoder + moreBlocks * block,
});
