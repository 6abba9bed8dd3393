/** An utterance as described by a corpus, before it becomes a manifest line. */
export interface ImportedUtterance {
  /** The corpus's own name for it; undefined if only its file has a name. */
  readonly id?: string;
  /** Absolute path. */
  readonly audioPath: string;
  readonly text: string;
  readonly speaker?: string;
  /** Start in seconds, if the utterance is a piece of the file. */
  readonly offset?: number;
  /** In seconds, if the corpus gives it. */
  readonly duration?: number;
}

export interface ImporterOptions {
  /** Keep what the files of a Kaldi folder share, instead of refusing files with different ids. */
  readonly intersect: boolean;
  /** Told what was left out. */
  readonly warn: (message: string) => void;
}

/**
 * Reads a corpus.
 *
 * @param path as given by the user: the corpus's folder or file, depending on its kind
 * @throws UserError in one sentence if it is not such a corpus, or naming the file and line of an error in it
 */
export type Importer = (path: string, options: ImporterOptions) => Promise<ImportedUtterance[]>;
