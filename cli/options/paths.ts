import { UserError } from "../../engine/errors.ts";
import type { PathChoice } from "../../recognition/evaluation/choose_paths.ts";

/** The choice of `--paths all` or `--paths 10`. Throws UserError for anything else. */
export function parsePaths(text: string | undefined): PathChoice | undefined {
  if (text === undefined || text === "all") return text;
  if (!/^[1-9]\d{0,14}$/u.test(text))
    throw new UserError(`--paths: expected 'all' or a whole number from 1, got '${text}'`);
  return Number(text);
}
