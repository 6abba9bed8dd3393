/** The folders of the product's sources, in the order in which imports may point back. */
export const ROOMS = [
  "api",
  "engine",
  "kernels",
  "model",
  "config",
  "data",
  "checkpoint",
  "recognition",
  "train",
  "cli",
  "bench",
];

/** The package's entry points. */
export const ENTRIES = ["index.ts", "speech.ts", "browser.ts"];
