/** A bundle's shaders, keyed by file path, such as "/kernels/glu/forward.wgsl". */
declare module "unfold:shaders" {
  /** The source of each shader, and of each included part under its own path. */
  export const texts: Readonly<Record<string, string>>;
}
