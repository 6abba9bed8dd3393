import { UserError } from "../../engine/errors.ts";

/** How the small text starts that a repository has in a file's place until Git LFS fetches it. */
const START = "version https://git-lfs.github.com/spec/";

/** Number of first bytes that `expectNoPointer` wants. */
export const POINTER_BYTES = START.length;

/** @throws UserError if a file that starts with these bytes is only a pointer of Git LFS */
export function expectNoPointer(start: Uint8Array, path: string): void {
  if (Buffer.from(start).toString("latin1", 0, POINTER_BYTES) === START)
    throw new UserError(`${path} is only a pointer of Git LFS to the file: fetch it with git lfs pull`);
}
