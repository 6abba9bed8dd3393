/** The rooms of the source code in the order in which data flows, and whether this page runs them. */
export const ROOMS: readonly { readonly name: string; readonly holds: string; readonly here: boolean }[] = [
  { name: "engine", holds: "device, tensors, tape, parameters", here: true },
  { name: "kernels", holds: "one operation a folder, with its WGSL and its reference", here: true },
  { name: "model", holds: "features, Conformer, unfolding, losses, searches", here: true },
  { name: "config", holds: "what a run is", here: true },
  { name: "data", holds: "audio and text on disk, synthetic speech", here: false },
  { name: "checkpoint", holds: "a model as a file", here: true },
  { name: "recognition", holds: "a trained model at work, error rates", here: true },
  { name: "train", holds: "the training loop", here: true },
  { name: "cli", holds: "the command line", here: false },
];
