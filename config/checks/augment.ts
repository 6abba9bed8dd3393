import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "../schema/schema.ts";

/** Hz: the range the resampler supports. */
const LOWEST_RATE = 1000;
const HIGHEST_RATE = 192_000;

/** Finds ranges that end before they begin, and speeds out of the resampler's range. */
export function* augmentFaults({ augment, data }: ParsedConfig): Generator<Fault> {
  const ranges: [PropertyKey[], readonly [number, number] | undefined][] = [
    [["augment", "volume", "gain_db"], augment?.volume?.gain_db],
    [["augment", "noise", "snr_db"], augment?.noise?.snr_db],
  ];
  for (const [path, range] of ranges) {
    if (range && range[0] > range[1])
      yield { path, message: `is [${range.join(", ")}], expected the smaller number first` };
  }
  for (const speed of augment?.speed ?? []) {
    const rate = speed * data.sample_rate;
    if (rate >= LOWEST_RATE && rate <= HIGHEST_RATE) continue;
    const limit =
      rate < LOWEST_RATE
        ? `under ${shown(LOWEST_RATE / data.sample_rate)}`
        : `over ${shown(HIGHEST_RATE / data.sample_rate)}`;
    yield {
      path: ["augment", "speed"],
      message: `has ${speed}, but at data.sample_rate ${data.sample_rate} a speed ${limit} cannot be made`,
    };
  }
}

const shown = (speed: number): number => Number(speed.toPrecision(3));
