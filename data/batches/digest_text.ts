/** Hexadecimal digits of a SHA-256 that tell training sets apart. */
export const DIGEST_LENGTH = 16;

/**
 * What identifies a training set, to be hashed wherever it is read: the ids, lengths and labels of its utterances in order, and the
 * ids and lengths of its noise recordings.
 */
export function digestText(
  utterances: readonly { readonly id: string; readonly frames: number; readonly labels: Int32Array }[],
  noises: readonly { readonly id: string; readonly samples: number }[] = [],
): string {
  return [
    ...utterances.map(({ id, frames, labels }) => `${id}\0${frames}\0${labels.join(" ")}\n`),
    ...noises.map(({ id, samples }) => `noise\0${id}\0${samples}\n`),
  ].join("");
}
