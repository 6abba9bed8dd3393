import type { ManifestEntry } from "../manifest/manifest.ts";

/** Finds utterances with the same samples as an earlier one, in the same file or a copy. */
export class Duplicates {
  readonly #first = new Map<string, ManifestEntry>();

  /** Describes how the next utterance repeats an earlier one; undefined if its sound is new. */
  next(entry: ManifestEntry, digest: string): string | undefined {
    const earlier = this.#first.get(digest);
    if (!earlier) {
      this.#first.set(digest, entry);
      return undefined;
    }
    const twin = `${earlier.id} (${earlier.source})`;
    return earlier.text === entry.text
      ? `has the same audio and text as ${twin}`
      : `has the same audio as ${twin}, but a different text`;
  }
}
