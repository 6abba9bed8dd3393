/** The first tensor, by name, that holds NaN or an infinity; undefined if all are finite. */
export function firstNotFiniteTensor(tensors: ReadonlyMap<string, { readonly values: Float32Array }>): { name: string; value: number } | undefined {
  for (const [name, { values }] of tensors) {
    const value = values.find((x) => !Number.isFinite(x));
    if (value !== undefined) return { name, value };
  }
  return undefined;
}
