import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importAudioFolder } from "../../../data/import/audio_folder.ts";
import { importCorpus } from "../../../data/import/import_corpus.ts";
import { importLibriSpeech } from "../../../data/import/librispeech.ts";
import { isHidden, isLeftBySystem } from "../../../data/import/text_file.ts";

test("files that systems and editors leave beside the data are known by their names", () => {
  for (const name of [
    "._a.wav",
    "x/.DS_Store",
    "__MACOSX/a.wav",
    "Thumbs.db",
    "desktop.ini",
    "a.trans.txt~",
    "#recycle/a.wav",
    "x/@eaDir/a.wav",
    "#a.txt#",
    ".#a.txt",
    ".nfs0001a.txt",
    "$RECYCLE.BIN/a.wav",
  ])
    expect(isLeftBySystem(name), name).toBe(true);
  for (const name of ["a.wav", "x/.a.wav", "~/a.wav", "a._b.wav", "thumbs.wav", "#1.wav", "./a.wav", "../a.wav"])
    expect(isLeftBySystem(name), name).toBe(false);
  expect(["x/.a/b", ".a", "./a", "../a", "a.b"].map(isHidden)).toEqual([true, true, false, false, false]);
});

test("importers ignore them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-left-"));
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  put("1-2.trans.txt", "1-2-0000 ONE\n");
  put("._1-2.trans.txt", "\0\0resource fork");
  put("1-2.trans.txt~", "1-2-0000 TWO\n");
  for (const name of [".ipynb_checkpoints", "@eaDir", ".versions"]) {
    mkdirSync(join(folder, name));
    put(`${name}/1-2.trans.txt`, "1-2-0000 TWO\n");
  }
  put("metadata.csv", "file_name,text\na.wav,one\n._a.wav,one\n");
  try {
    expect(await importLibriSpeech(folder)).toHaveLength(1);
    expect(await importAudioFolder(folder)).toHaveLength(1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("lines of tables that name them are left out, with a warning", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-left-"));
  const at = (name: string): string => join(folder, name);
  try {
    mkdirSync(at("clips"));
    for (const name of ["clips/a.mp3", "clips/._a.mp3", "a.wav"]) writeFileSync(at(name), "");
    writeFileSync(at("v.tsv"), "path\tsentence\na.mp3\tone\n._a.mp3\ttwo\n");
    writeFileSync(at("m.jsonl"), '{"wav": "a.wav", "txt": "one"}\n{"wav": "Thumbs.db", "txt": "two"}\n');
    for (const [kind, file, left] of [
      ["commonvoice", "v.tsv", "._a.mp3"],
      ["jsonl", "m.jsonl", "Thumbs.db"],
    ] as const) {
      const { warnings } = await importCorpus(kind, at(file), {
        out: at(`${kind}.jsonl`),
        lowercase: false,
        punctuation: true,
        durations: false,
        force: false,
        observer: { message: () => undefined, task: () => ({ update: () => undefined, stop: () => undefined }) },
      });
      expect(warnings).toEqual([`left out 1 of 2 utterances, whose files are no recordings: ${left}`]);
      expect(
        readFileSync(at(`${kind}.jsonl`), "utf8")
          .trim()
          .split("\n"),
      ).toHaveLength(1);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
