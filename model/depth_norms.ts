import { UserError } from "../engine/errors.ts";

/** Picks the norm for a path's logical depth: that depth's own, or the shared one. */
export type ByDepth<Norm> = (depth: number | undefined) => Norm;

/**
 * Declares a norm once for all depths, or one for each of `depths`, named like `encoder.encoders.0.norm_ff.depth_4`. All start from
 * the same values, so a new model is the same either way.
 *
 * @param declare adds the norm's parameters under the given name
 * @returns       a lookup that throws a UserError for a depth without norms
 */
export function declareByDepth<Norm>(
  name: string,
  depths: readonly number[] | undefined,
  declare: (name: string) => Norm,
): ByDepth<Norm> {
  if (!depths) {
    const shared = declare(name);
    return () => shared;
  }
  const own = new Map<number | undefined, Norm>(depths.map((depth) => [depth, declare(`${name}.depth_${depth}`)]));
  return (depth) => {
    const norm = own.get(depth);
    if (norm === undefined)
      throw new UserError(`there are norms for the depths ${depths.join(", ")}, but none for depth ${depth}`);
    return norm;
  };
}

/** The depth that owns the parameter or buffer of this name; undefined if all depths share it. */
export function depthOfParameter(name: string): number | undefined {
  const depth = /\.depth_(\d+)\./u.exec(name)?.[1];
  return depth === undefined ? undefined : Number(depth);
}
