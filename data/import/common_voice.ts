import { existsSync } from "node:fs";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import { readCsv } from "./csv_table.ts";
import type { ImportedUtterance } from "./imported.ts";

/**
 * Imports a Common Voice table, such as `validated.tsv` or `train.tsv`, with columns `path`, `sentence` and
 * `client_id`, the speaker. The audio is in `clips` beside it, and durations are in `clip_durations.tsv`, which newer
 * releases have.
 *
 * @throws UserError if a column is missing
 */
export async function importCommonVoice(file: string): Promise<ImportedUtterance[]> {
  const rows = await readCsv(file, "tsv");
  const folder = path.resolve(path.dirname(file));
  const durations = await clipDurations(path.join(folder, "clip_durations.tsv"));
  return rows.map(({ fields, source }) => {
    const { path: clip, sentence, client_id: speaker } = fields;
    if (!clip || sentence === undefined)
      throw new UserError(`${source}: expected the columns path and sentence, got ${Object.keys(fields).join(", ")}`);
    const name = path.extname(clip) === "" ? `${clip}.mp3` : clip; // the first releases omit the extension
    const duration = durations.get(name);
    return {
      audioPath: path.join(folder, "clips", name),
      text: sentence,
      ...(speaker && { speaker }),
      ...(duration && { duration }),
    };
  });
}

/** Durations in seconds by clip name; empty if the release has no such table. */
async function clipDurations(file: string): Promise<Map<string, number>> {
  if (!existsSync(file)) return new Map();
  const rows = await readCsv(file, "tsv");
  return new Map(
    rows.map(({ fields }) => [fields["clip"] ?? "", Number(fields["duration[ms]"] ?? fields["duration"]) / 1000]),
  );
}
