/** Human-readable numbers, the same in the terminal and in the report. */

/** 12345 -> "12,345". */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en-US") : String(value);
}

/** 452876 -> "453 k", 44500000 -> "44.5 M": three digits. */
export function formatCompact(value: number): string {
  return scaled(value, 1000, ["", " k", " M", " G", " T"]);
}

/** Bytes with three digits: 326107136 -> "311 MiB". */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

/** A share as a percentage: 0.0317 -> "3.17 %" with two decimals. */
export function formatPercent(share: number, decimals = 1): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(decimals)} %` : "-";
}

/** A loss, a norm: 0.03217 -> "0.0322", 132.18 -> "132". */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(Number(value.toPrecision(digits))); // rounded first: 9.999 is 10.0, not 10.00
  return size >= 1e-4 && size < 1e6
    ? value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))))
    : value.toExponential(digits - 1);
}

/** Seconds: "48 s", "3 min 20 s", "1 h 05 min". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-";
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours > 0) return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  return minutes > 0 ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let unit = 0;
  while (Math.abs(value) >= base * 0.9995 && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number.isInteger(value) && unit === 0 ? value : formatNumber(value)}${units[unit]}`;
}
