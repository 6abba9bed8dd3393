import type { ClockChoice } from "./choose_clock.ts";

/** How every number was measured, for whoever reads them. */
export const methodOf = ({ name, why }: ClockChoice): string =>
  [
    "Times are medians a call, in ms, ± the median absolute deviation of the samples; a sample is several calls issued back to back and one wait.",
    name === "timestamps"
      ? `A call's time is the sum over its dispatches, each in a compute pass of its own between two timestamps of the device (${why}); encoding, and copies between dispatches, are not in it.`
      : `Time is the host's, until the device's queue is empty: encoding and one wait are in it (${why}).`,
    "Inputs take turns among copies that together exceed the cache. 'with backward' includes the forward pass.",
    "'first' is the first call on a new device, by the host's clock: reading and compiling the shaders, the first buffers, and one run (a driver may keep compiled shaders on disk).",
    "'roof' is the share of what the device's own copy (bytes read and written) or multiply-add reaches, whichever is the bound at the case's operations a byte.",
    "'must' counts each input and output once; 'moved' adds up what the dispatches bind, each tensor once a dispatch, so what is updated in place counts half of what it should.",
    "Every case was compared with its float64 reference first.",
  ].join(" ");
