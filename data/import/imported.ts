/** An utterance as a corpus describes it, before it becomes a manifest's line. */
export interface ImportedUtterance {
  /** The corpus' own name for it; undefined where only its file has a name. */
  readonly id?: string;
  /** Absolute. */
  readonly audioPath: string;
  readonly text: string;
  readonly speaker?: string;
  /** Seconds into the file, if the utterance is a piece of it. */
  readonly offset?: number;
  /** Seconds, if the corpus says so. */
  readonly duration?: number;
}

/**
 * Reads a corpus.
 *
 * @param path as the user wrote it: the corpus' folder or file, whichever its kind has
 * @throws UserError with one sentence if it is no such corpus, or naming file and line of what is wrong in it
 */
export type Importer = (path: string) => Promise<ImportedUtterance[]>;
