import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importAudioFolder } from "../../../data/import/audio_folder.ts";
import { importLibriSpeech } from "../../../data/import/librispeech.ts";
import { isLeftBySystem } from "../../../data/import/text_file.ts";

test("files that systems and editors leave beside the data are known by their names", () => {
  for (const name of ["._a.wav", "x/.DS_Store", "__MACOSX/a.wav", "Thumbs.db", "desktop.ini", "a.trans.txt~"])
    expect(isLeftBySystem(name), name).toBe(true);
  for (const name of ["a.wav", "x/.a.wav", "~/a.wav", "a._b.wav", "thumbs.wav"])
    expect(isLeftBySystem(name), name).toBe(false);
});

test("importers ignore them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-left-"));
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put("1-2.trans.txt", "1-2-0000 ONE\n");
  put("._1-2.trans.txt", "\0\0resource fork");
  put("1-2.trans.txt~", "1-2-0000 TWO\n");
  put("metadata.csv", "file_name,text\na.wav,one\n._a.wav,one\n");
  try {
    expect(await importLibriSpeech(folder)).toHaveLength(1);
    expect(await importAudioFolder(folder)).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
