// WebGPU's bit flags (specification, section "Buffer Usages"). Browsers have them as globals; Node has not, and nothing
// here puts anything into the global scope.
export const BufferUsage = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;
/** A binding that compute shaders see. */
export const COMPUTE_STAGE = 0x4;
export const MapMode = { READ: 0x1 } as const;
