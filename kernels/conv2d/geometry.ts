/** The sizes that all kernels of convolutions over two axes begin with. */
export const geometry = {
  batch: "u32",
  height: "u32",
  width: "u32",
  channels: "u32",
  out_height: "u32",
  out_width: "u32",
  outs: "u32",
  kernel_height: "u32",
  kernel_width: "u32",
  stride: "u32",
} as const;

/** The same with one padding for both axes. */
export const paddedGeometry = { ...geometry, padding: "u32" } as const;

export type PaddedGeometry = Readonly<Record<keyof typeof paddedGeometry, number>>;
