import { readdir } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../engine/errors.ts";
import type { ImportedUtterance } from "./imported.ts";
import { isHidden, isLeftBySystem, linesOf, readText } from "./text_file.ts";

const TRANSCRIPTS = ".trans.txt";

/**
 * Imports a LibriSpeech folder, or part of one: at any depth, `84-121123.trans.txt` with lines
 * `84-121123-0000 GO DO YOU HEAR`, and beside it `84-121123-0000.flac`. The speaker is the id's first number.
 *
 * @throws UserError if there is no such file or a line is malformed
 */
export async function importLibriSpeech(folder: string): Promise<ImportedUtterance[]> {
  const names = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === "ENOENT"
        ? "there is no such folder"
        : error.code === "ENOTDIR"
          ? "it is not a folder"
          : error.message;
    throw new UserError(`cannot read the LibriSpeech folder ${folder}: ${why}`);
  });
  const files = names.filter((name) => name.endsWith(TRANSCRIPTS) && !isLeftBySystem(name) && !isHidden(name)).sort();
  if (files.length === 0)
    throw new UserError(`${folder} is not a LibriSpeech folder: no file in it ends in ${TRANSCRIPTS}`);
  const read: ImportedUtterance[][] = [];
  for (const name of files) read.push(await readTranscripts(path.join(folder, name))); // one at a time: thousands at once would exceed the limit on open files
  return read.flat();
}

async function readTranscripts(file: string): Promise<ImportedUtterance[]> {
  return linesOf(await readText(file, "the transcripts")).map(({ text: line, number }) => {
    const [, id, speaker, text] = /^((\w+)-\S+)\s*(.*)$/u.exec(line) ?? [];
    if (!id || !speaker || text === undefined)
      throw new UserError(`${file}, line ${number}: expected an id such as 84-121123-0000 and a text, got '${line}'`);
    return { id, audioPath: path.resolve(path.dirname(file), `${id}.flac`), text, speaker };
  });
}
