/** What a bundle knows of its shaders, by the path of the file, such as "/kernels/glu/forward.wgsl". */
declare module "unfold:shaders" {
  /** Those of parts too, which stand apart. */
  export const texts: Readonly<Record<string, string>>;
  /**
   * What each declares, in order: bindings, each as `name access scalar alias` or without an alias, and its immediates, each as
   * `name type`: "x read f32 x_type,y read_write f32;rows u32,eps f32".
   */
  export const declared: Readonly<Record<string, string>>;
}
