import path from "node:path";

/** What an utterance's id is derived from. */
interface Named {
  readonly id: string;
  readonly audioPath: string;
  readonly offset: number;
}

/**
 * An id from the audio file's name, such as `one`, or `one@12.5` with an offset, including this many parts of the path:
 * 2 for `anna/one`.
 */
export function idFromPath(audioPath: string, offset: number, parts = 1): string {
  const { dir, name } = path.parse(audioPath);
  const folders = parts > 1 ? dir.split(/[\\/]/u).slice(1 - parts) : [];
  return [...folders, name].join("/") + (offset > 0 ? `@${offset}` : "");
}

/** Deeper than any corpus. */
const MOST_PARTS = 12;

/**
 * Makes ids unique, since reports and alignments find utterances by id: utterances without an id of their own whose
 * files have the same name, such as `anna/one.wav` and `bob/one.wav`, get as many folders in their ids as distinguish
 * the files.
 *
 * @param hasOwnId whether the manifest line gives the utterance's id
 */
export function distinctIds<Entry extends Named>(
  entries: readonly Entry[],
  hasOwnId: (entry: Entry) => boolean,
): Entry[] {
  const named = [...entries];
  let open = [...entries.keys()].filter((i) => !hasOwnId(entries[i] as Entry));
  for (let parts = 2; parts <= MOST_PARTS && open.length > 0; parts++) {
    const shared = idsOfSeveralFiles(named);
    open = open.filter((i) => shared.has((named[i] as Entry).id));
    for (const i of open)
      named[i] = { ...(named[i] as Entry), id: idFromPath(named[i]!.audioPath, named[i]!.offset, parts) };
  }
  return named;
}

function idsOfSeveralFiles(entries: readonly Named[]): Set<string> {
  const fileOf = new Map<string, string>();
  const shared = new Set<string>();
  for (const { id, audioPath } of entries) {
    if ((fileOf.get(id) ?? audioPath) !== audioPath) shared.add(id);
    fileOf.set(id, audioPath);
  }
  return shared;
}
