import { readFileSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { parseCmvn, type Cmvn } from "../../model/features/cmvn.ts";

/**
 * Reads the output of `computeStatistics`.
 *
 * @param bins expected number of feature bins
 * @throws UserError if the file cannot be read, holds something else, or is for another number of bins
 */
export function readStatistics(file: string, bins: number): Cmvn {
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      `cannot read the feature statistics ${file}: ${code === "ENOENT" ? "there is no such file" : message}`,
    );
  }
  const cmvn = parseCmvn(json, file);
  if (cmvn.mean.length !== bins)
    throw new UserError(`${file} has statistics for ${cmvn.mean.length} bins, but the config's features have ${bins}`);
  return cmvn;
}
