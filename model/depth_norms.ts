import { UserError } from "../engine/errors.ts";

/** Picks what a path of some logical depth uses: its depth's own, or what all depths share. */
export type ByDepth<Norm> = (depth: number | undefined) => Norm;

/**
 * Declares a norm once for all depths, under its name, or for each of `depths` one of its own, as
 * `encoder.encoders.0.norm_ff.depth_4`. All start from the same values, so that a model is at first the same either way.
 *
 * @param declare adds the norm's parameters under the name that it is given
 * @returns       throws a UserError for a depth that has none
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

/** The depth that alone uses the parameter or buffer of this name; undefined for one that all depths share. */
export function depthOfParameter(name: string): number | undefined {
  const depth = /\.depth_(\d+)\./u.exec(name)?.[1];
  return depth === undefined ? undefined : Number(depth);
}
