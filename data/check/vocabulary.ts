export interface Vocabulary {
  readonly words: number;
  readonly distinctWords: number;
  /** Characters with their counts, most frequent first; the space between words counts too. */
  readonly characters: readonly { readonly character: string; readonly count: number }[];
  /** Number of texts without a word. */
  readonly emptyTexts: number;
}

/** @param texts words separated by single spaces */
export function vocabularyOf(texts: readonly string[]): Vocabulary {
  const counts = new Map<string, number>();
  const words = texts.flatMap((text) => (text === "" ? [] : text.split(" ")));
  for (const text of texts) for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const characters = [...counts]
    .map(([character, count]) => ({ character, count }))
    .sort((a, b) => b.count - a.count || (a.character < b.character ? -1 : 1));
  return {
    words: words.length,
    distinctWords: new Set(words).size,
    characters,
    emptyTexts: texts.filter((text) => text === "").length,
  };
}
