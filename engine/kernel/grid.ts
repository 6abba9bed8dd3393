import type { Workgroups } from "./kernel.ts";

/** Threads of a workgroup in kernels that loop over elements. */
const THREADS = 64;
/** Starting a workgroup costs a software driver about as much as 64 elements do, so each thread takes several. */
const ELEMENTS_PER_THREAD = 8;
/** WebGPU's limit along one axis. */
const MAX_WORKGROUPS = 65_535;

/**
 * Workgroups for a kernel of 64 threads a group that loops over its elements in steps of all threads, so that
 * neighbouring threads touch neighbouring elements and any number of workgroups gives the same result:
 *
 *     for (var i = id.x; i < sizes.count; i += groups.x * 64u) { … }
 */
export const overElements = (count: number): Workgroups => [
  Math.min(MAX_WORKGROUPS, Math.ceil(count / (THREADS * ELEMENTS_PER_THREAD))),
];
