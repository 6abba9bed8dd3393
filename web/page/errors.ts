import { compareTexts, type ErrorCounts } from "../../recognition/evaluation/error_rate.ts";

const sum = ({ substitutions, deletions, insertions }: ErrorCounts): number => substitutions + deletions + insertions;

/** Errors of a text against what was said, in any case of letters; undefined if that is not known. */
export function errorsOf(said: string, heard: string): { words: number; characters: number } | undefined {
  const reference = said.toLowerCase();
  if (reference.trim() === "") return undefined;
  return {
    words: sum(compareTexts(reference, heard, "word")),
    characters: sum(compareTexts(reference, heard, "character")),
  };
}
