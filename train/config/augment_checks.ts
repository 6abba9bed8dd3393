import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "./schema.ts";

/** Hz; the resampler takes no less. */
const LOWEST_RATE = 1000;

/** Ranges that end before they begin, and speeds that cannot be made. */
export function* augmentFaults({ augment, data }: ParsedConfig): Generator<Fault> {
  const ranges: [PropertyKey[], readonly [number, number] | undefined][] = [
    [["augment", "volume", "gain_db"], augment?.volume?.gain_db],
    [["augment", "noise", "snr_db"], augment?.noise?.snr_db],
  ];
  for (const [path, range] of ranges) {
    if (range && range[0] > range[1]) yield { path, message: `is [${range.join(", ")}], expected the smaller number first` };
  }
  const slowest = Math.min(...(augment?.speed ?? []));
  if (slowest * data.sample_rate < LOWEST_RATE) {
    yield { path: ["augment", "speed"], message: `has ${slowest}, but at data.sample_rate ${data.sample_rate} a speed under ${Number((LOWEST_RATE / data.sample_rate).toPrecision(3))} cannot be made` };
  }
}
