import { Tensor } from "../engine/tensor.ts";

/**
 * A flat view of x with its size rounded up to whole vec4s, for kernels over all elements to which the last
 * few do not matter: every buffer of the pool and every slice of `Parameters` has that room.
 */
export function wholeQuads(x: Tensor): Tensor {
  return new Tensor([4 * Math.ceil(x.size / 4)], x.dtype, x.storage, { offset: x.offset });
}
