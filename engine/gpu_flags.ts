// WebGPU's bit flags (specification, section "Buffer Usages"). Browsers have them as globals, Node does not, and the engine
// adds no globals.
export const BufferUsage = {
  MAP_READ: 0x1,
  MAP_WRITE: 0x2,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;
/** A binding visible to compute shaders. */
export const COMPUTE_STAGE = 0x4;
export const MapMode = { READ: 0x1, WRITE: 0x2 } as const;
