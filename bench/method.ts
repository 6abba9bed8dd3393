import type { ClockChoice } from "./choose_clock.ts";

/** How every number was measured, for the reader of a report. */
export const methodOf = ({ name, why }: ClockChoice): string =>
  [
    "Times are medians per call in ms, ± the median absolute deviation of the samples; a sample is several calls issued back to back and one wait.",
    name === "timestamps"
      ? `A call's time is the sum over its dispatches, each in a compute pass of its own between two timestamps of the device (${why}); it excludes encoding and copies between dispatches.`
      : `Time is the host's, until the device's queue is empty: it includes encoding and one wait (${why}).`,
    "Calls cycle through copies of the inputs that together exceed the cache. 'with backward' includes the forward pass.",
    "'first' is the first call on a new device, by the host's clock: reading and compiling the shaders, creating the first buffers, and one run (a driver may keep compiled shaders on disk).",
    "'roof' is the share of what the device's own copy (bytes read and written) or multiply-add reaches, whichever is the bound at the case's operations per byte.",
    "'must' counts each input and output once; 'moved' adds up what the dispatches bind, each tensor once per dispatch, so in-place updates count half of what they should.",
    "Every case was first compared with its float64 reference.",
  ].join(" ");
