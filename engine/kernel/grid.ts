import type { Workgroups } from "./kernel.ts";

/** Workgroup size of kernels that loop over elements. */
const THREADS = 64;
/** Starting a workgroup costs a software driver about as much as 64 elements, so each thread handles several. */
const ELEMENTS_PER_THREAD = 8;
/** WebGPU's limit along one axis. */
const MAX_WORKGROUPS = 65_535;

/**
 * Workgroups for a grid-stride loop with 64 threads per group: neighbouring threads touch neighbouring elements, and any number
 * of workgroups gives the same result:
 *
 *     for (var i = id.x; i < sizes.count; i += groups.x * 64u) { … }
 */
export const overElements = (count: number): Workgroups => [
  Math.min(MAX_WORKGROUPS, Math.ceil(count / (THREADS * ELEMENTS_PER_THREAD))),
];
