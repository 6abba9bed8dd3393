import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { aiffFile } from "../audio/aiff_file.ts";
import { wavFile } from "../audio/wav_file.ts";
import { folder, newFolders, put, refusal, run, written } from "./corpus_folder.ts";

newFolders();

describe("writing", () => {
  const corpus = {
    "j.jsonl": '{"audio": "a.wav", "text": "A", "offset": 0.1}\n{"audio": "b.wav", "text": "B"}',
    "b.wav": "no audio",
  };

  test("an existing manifest is kept unless forced", async () => {
    put({ ...corpus, "a.wav": "", "out.jsonl": "mine" });
    await expect(run("jsonl", "j.jsonl")).rejects.toThrow(/out\.jsonl already exists; --force replaces it$/);
    expect(readFileSync(join(folder, "out.jsonl"), "utf8")).toBe("mine");
    await run("jsonl", "j.jsonl", { force: true });
    expect(written().length).toBe(2);
    await expect(run("jsonl", "j.jsonl", { out: join(folder, "no/out.jsonl") })).rejects.toThrow(
      /cannot be written: there is no folder /,
    );
    await expect(run("jsonl", "j.jsonl", { out: join(folder, "a.wav/out.jsonl") })).rejects.toThrow(
      /cannot be written: there is no folder /,
    );
    await expect(run("jsonl", "j.jsonl", { out: folder, force: true })).rejects.toThrow(
      / is a folder, expected the name of a file to write$/,
    );
    expect(existsSync(join(folder, "no"))).toBe(false);
  });

  test("what has no utterances, or only of files that are no recordings, leaves a manifest as it was", async () => {
    const line = '{"audio_filepath": "._a.wav", "text": "x"}';
    put({
      "j.jsonl": line,
      "f/metadata.jsonl": line,
      "cv/train.tsv": ["path\tsentence", "._a.mp3\tx"],
      "k/wav.scp": ["a ._a.wav"],
      "k/text": ["a x"],
      "L/a.trans.txt": "",
      "out.jsonl": "mine",
    });
    const left = (name: string): string => `: left out 1 of 1 utterances, whose files are no recordings: ${name}`;
    for (const [kind, corpus, why] of [
      ["jsonl", "j.jsonl", left("._a.wav")],
      ["audiofolder", "f", left("._a.wav")],
      ["commonvoice", "cv/train.tsv", left("._a.mp3")],
      ["kaldi", "k", left("._a.wav")],
      ["librispeech", "L", ""],
    ] as const)
      await expect(run(kind, corpus, { force: true })).rejects.toThrow(
        new UserError(`${join(folder, corpus)} has no utterances to import${why}`),
      );
    expect(readFileSync(join(folder, "out.jsonl"), "utf8")).toBe("mine");
  });

  test("durations are read where they are unknown; what cannot be read is named", async () => {
    put(corpus);
    await writeWav(join(folder, "a.wav"), new Float32Array(4000), 8000);
    const { warnings, seconds, unknownDurations } = await run("jsonl", "j.jsonl", { durations: true });
    expect([seconds, unknownDurations]).toEqual([0.4, 1]);
    expect(warnings).toEqual([
      `${join(folder, "b.wav")} is not a supported audio file: expected WAV, AIFF, FLAC, MP3, Ogg Vorbis or Ogg Opus.`,
    ]);
    expect(written()).toEqual([
      { audio_filepath: "a.wav", text: "A", duration: 0.4, offset: 0.1 },
      { audio_filepath: "b.wav", text: "B" },
    ]);
  });

  test("with durations, what reading had to decide or leave out is said; AIFF files of a folder are read", async () => {
    const samples = Buffer.alloc(1600, 1);
    put({ "f/metadata.csv": "file_name,text\na.wav,A\nb.aiff,B\n" });
    put({ "f/a.wav": wavFile(samples, { dataBytes: 0x80000000 }), "f/b.aiff": aiffFile(samples, { frames: 500 }) });
    const { warnings, seconds } = await run("audiofolder", "f", { durations: true });
    expect(seconds).toBeCloseTo((800 + 500) / 8000, 6);
    expect(warnings).toEqual([
      `${join(folder, "f/a.wav")}: its header does not say how long it is (0x80000000 bytes), so it is read to its end`,
      `${join(folder, "f/b.aiff")}: 600 bytes behind its samples are left out`,
    ]);
  });

  test("an unknown kind", async () => {
    expect(await refusal("timit", "x")).toBe(
      "unknown kind of corpus 'timit', expected kaldi, librispeech, commonvoice, audiofolder, jsonl",
    );
  });
});
