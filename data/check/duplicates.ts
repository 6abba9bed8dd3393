import type { ManifestEntry } from "../manifest/manifest.ts";

/** Finds utterances with the samples of an earlier one, in the same file or a copy. */
export class Duplicates {
  readonly #first = new Map<string, ManifestEntry>();

  /** What is wrong with the next utterance; undefined if its sound is new. */
  next(entry: ManifestEntry, digest: string): string | undefined {
    const earlier = this.#first.get(digest);
    if (!earlier) {
      this.#first.set(digest, entry);
      return undefined;
    }
    const twin = `${earlier.id} (${earlier.source})`;
    return earlier.text === entry.text
      ? `has the audio and text of ${twin}`
      : `has the audio of ${twin}, but another text`;
  }
}
