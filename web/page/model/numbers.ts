export const count = (value: number): string => value.toLocaleString("en");

/** Three digits and a unit; "an unknown number of bytes" if a browser does not say. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return "an unknown number of bytes";
  const unit = value < 1024 ** 2 ? 1 : value < 1024 ** 3 ? 2 : 3;
  return `${Number((value / 1024 ** unit).toPrecision(3))} ${["KiB", "MiB", "GiB"][unit - 1]}`;
}
