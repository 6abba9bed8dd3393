/** A bundle's shaders, keyed by file path, such as "/kernels/glu/forward.wgsl". */
declare module "unfold:shaders" {
  /** The source of each shader, and of each included part under its own path. */
  export const texts: Readonly<Record<string, string>>;
  /**
   * The declarations of each shader, in order: its bindings as `name access scalar alias` (the alias is optional), then its
   * immediates as `name type`: "x read f32 x_type,y read_write f32;rows u32,eps f32".
   */
  export const declared: Readonly<Record<string, string>>;
}
