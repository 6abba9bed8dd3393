import path from "node:path";
import { isDevice, writeAtomically } from "../files/atomic_file.ts";
import type { ImportedUtterance } from "./imported.ts";

/** Writes a manifest atomically. Audio paths are relative to its folder, unless they are on another drive, or it is a pipe. */
export function writeManifest(file: string, utterances: readonly ImportedUtterance[]): void {
  const folder = path.dirname(path.resolve(file));
  const lines = utterances.map(({ id, audioPath, text, speaker, offset, duration }) =>
    JSON.stringify({
      audio_filepath: (isDevice(file) ? audioPath : path.relative(folder, audioPath)).replaceAll(path.sep, "/"),
      text,
      duration,
      offset,
      speaker,
      id,
    }),
  );
  writeAtomically(file, Buffer.from(`${lines.join("\n")}\n`));
}
