import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readManifest } from "../../../data/manifest/manifest.ts";
import { folder, newFolders, put, refusal, run, written } from "./corpus_folder.ts";

newFolders();

describe("kaldi", () => {
  const data = {
    "k/wav.scp": ["rec1 a/one.flac", `rec2   ABSOLUTE/two words.wav`],
    "k/text": ["rec1 the first", "rec2"],
    "k/a/one.flac": "",
    "k/two words.wav": "",
  };
  const putKaldi = (changed: Record<string, string[]> = {}) => {
    put({ ...data, ...changed });
    const scp = join(folder, "k/wav.scp");
    writeFileSync(scp, readFileSync(scp, "utf8").replace("ABSOLUTE", join(folder, "k")));
  };

  test("recordings as utterances; a text may be empty", async () => {
    putKaldi();
    const { utterances, warnings } = await run("kaldi", "k");
    expect([utterances, warnings]).toEqual([2, []]);
    expect(written()).toEqual([
      { audio_filepath: "k/a/one.flac", text: "the first", id: "rec1" },
      { audio_filepath: "k/two words.wav", text: "", id: "rec2" },
    ]);
  });

  test("--intersect keeps what all files share, recordings included, and counts the rest", async () => {
    putKaldi({
      "k/wav.scp": ["rec1 a/one.flac", "rec7 sph2pipe a.sph |"], // the second is of no segment
      "k/segments": ["u1 rec1 0 1.3", "u2 rec1 1.3 2.0", "u4 rec9 0 1", "u5 rec9 1 2"],
      "k/text": ["u1 one", "u3 three", "u2 two", "u5 five"],
      "k/utt2spk": ["u1 anna", "u3 bob", "u4 bob", "u5 bob"],
    });
    const { utterances, warnings } = await run("kaldi", "k", { intersect: true });
    expect(utterances).toBe(1);
    expect(warnings.map((warning) => warning.replace(folder, "@"))).toEqual([
      "@/k: 2 utterances are in all of text, segments, utt2spk; left out 2 of text's 4, 2 of segments's 4, 2 of utt2spk's 4",
      "@/k: left out 1 of 2 utterances, whose recordings are missing in wav.scp (rec9)",
    ]);
    expect(written()).toMatchObject([{ id: "u1", speaker: "anna" }]);
  });

  test("--intersect of which nothing remains says whether ids or recordings are missing", async () => {
    putKaldi({ "k/segments": ["u1 rec9 0 1"], "k/text": ["u1 one"] });
    expect(await refusal("kaldi", "k", { intersect: true })).toBe(
      "@k: the recordings of all 1 utterances that the files share are missing in wav.scp (rec9)",
    );
    putKaldi({ "k/segments": ["u1 rec1 0 1"], "k/text": ["u2 two"] });
    expect(await refusal("kaldi", "k", { intersect: true })).toBe("@k: no id is in all of text, segments");
  });

  test("segments become pieces, utt2spk speakers", async () => {
    putKaldi({
      "k/segments": ["u1 rec1 0 1.3", "u2 rec1 1.3 2.0", "u3 rec2 0.5 -1"],
      "k/text": ["u1 one", "u3 three", "u2 two"],
      "k/utt2spk": ["u1 anna", "u2 anna", "u3 bob"],
    });
    const { seconds, speakers, files, unknownDurations } = await run("kaldi", "k");
    expect({ seconds, speakers, files, unknownDurations }).toEqual({
      seconds: 2,
      speakers: 2,
      files: 2,
      unknownDurations: 1,
    });
    expect(written()).toEqual([
      { audio_filepath: "k/a/one.flac", text: "one", duration: 1.3, offset: 0, speaker: "anna", id: "u1" },
      { audio_filepath: "k/two words.wav", text: "three", offset: 0.5, speaker: "bob", id: "u3" },
      { audio_filepath: "k/a/one.flac", text: "two", duration: 0.7, offset: 1.3, speaker: "anna", id: "u2" },
    ]);
    const { entries } = await readManifest(join(folder, "out.jsonl"));
    expect(entries.map(({ offset, isWhole }) => [offset, isWhole])).toEqual([
      [0, false],
      [0.5, false],
      [1.3, false],
    ]);
  });

  test.each([
    ["sph2pipe -f wav -p a.sph |", "sph2pipe -f wav -p a.sph |"],
    ["|cat a.wav", "|cat a.wav"],
  ])("a pipe is refused: %s", async (value, shown) => {
    putKaldi({ "k/wav.scp": ["rec1 a/one.flac", `rec2 ${value}`] });
    expect(await refusal("kaldi", "k")).toBe(
      `@k/wav.scp, line 2: '${shown}' is a command, and commands are not run: write its output to an audio file and put the file's path here`,
    );
  });

  test("missing ids are named, from either file", async () => {
    putKaldi({ "k/text": ["rec1 one", "x1 x", "x2 x", "x3 x", "x4 x"] });
    expect(await refusal("kaldi", "k")).toBe(
      "@k: the ids do not match: 4 of text missing in wav.scp (x1, x2, x3 and 1 more); 1 of wav.scp missing in text (rec2)",
    );
    putKaldi({ "k/segments": ["u1 rec1 0 1", "u2 rec9 0 1"], "k/text": ["u1 one", "u2 two"] });
    expect(await refusal("kaldi", "k")).toBe(
      "@k: the ids do not match: 1 recordings of segments missing in wav.scp (rec9)",
    );
    putKaldi({ "k/segments": ["u1 rec1 0 1"], "k/text": ["u1 one"], "k/utt2spk": ["rec1 anna"] });
    expect(await refusal("kaldi", "k")).toBe(
      "@k: the ids do not match: 1 of text missing in utt2spk (u1); 1 of utt2spk missing in text (rec1)",
    );
  });

  test.each<[string, Record<string, string[]>, string]>([
    [
      "an id twice",
      { "k/text": ["rec1 a", "rec2 b", "rec1 c"] },
      "@k/text, line 3: rec1 is repeated, first in @k/text, line 1",
    ],
    ["no path", { "k/wav.scp": ["rec1"], "k/text": ["rec1 a"] }, "@k/wav.scp, line 1: the path is missing"],
    [
      "an archive",
      { "k/wav.scp": ["rec1 wav.ark:17"], "k/text": ["rec1 a"] },
      "@k/wav.scp, line 1: 'wav.ark:17' is in a Kaldi archive, expected the path of an audio file",
    ],
    [
      "an end before the start",
      { "k/segments": ["rec1 rec1 2 1", "rec2 rec2 0 1"] },
      "@k/segments, line 1: expected recording, start and end in seconds, got 'rec1 2 1'",
    ],
    [
      "times that are no numbers",
      { "k/segments": ["rec1 rec1 zero 1", "rec2 rec2 0 1"] },
      "@k/segments, line 1: expected recording, start and end in seconds, got 'rec1 zero 1'",
    ],
    [
      "an end that is never",
      { "k/segments": ["rec1 rec1 0 Infinity", "rec2 rec2 0 1"] },
      "@k/segments, line 1: expected recording, start and end in seconds, got 'rec1 0 Infinity'",
    ],
    [
      "a channel",
      { "k/segments": ["rec1 rec1 0 1 B", "rec2 rec2 0 1"] },
      "@k/segments, line 1: channels of a recording cannot be selected, since they are averaged; expected recording, start and end",
    ],
    ["an empty file", { "k/text": [] }, "@k/text is empty"],
  ])("%s", async (_, changed, message) => {
    putKaldi(changed);
    expect(await refusal("kaldi", "k")).toBe(message);
  });

  test("no such folder, no wav.scp", async () => {
    expect(await refusal("kaldi", "nowhere")).toBe(
      "cannot read the Kaldi folder's wav.scp: @nowhere/wav.scp: there is no such file",
    );
  });
});

describe("librispeech", () => {
  test("transcripts at any depth, in the order of their names", async () => {
    put({
      "L/dev/84/121/84-121.trans.txt": ["84-121-0000 GO DO YOU HEAR", "84-121-0001 BUT IN LESS"],
      "L/dev/84/121/84-121-0000.flac": "",
      "L/dev/84/121/84-121-0001.flac": "",
      "L/dev/7/5/7-5.trans.txt": ["7-5-0000 NO"],
    });
    const { warnings, speakers } = await run("librispeech", "L", { lowercase: true });
    expect(speakers).toBe(2);
    expect(warnings).toEqual([expect.stringMatching(/^1 of 3 audio files do not exist: .*7-5-0000\.flac$/)]);
    expect(written()).toEqual([
      { audio_filepath: "L/dev/7/5/7-5-0000.flac", text: "no", speaker: "7", id: "7-5-0000" },
      { audio_filepath: "L/dev/84/121/84-121-0000.flac", text: "go do you hear", speaker: "84", id: "84-121-0000" },
      { audio_filepath: "L/dev/84/121/84-121-0001.flac", text: "but in less", speaker: "84", id: "84-121-0001" },
    ]);
  });

  test("bad input", async () => {
    expect(await refusal("librispeech", "nowhere")).toBe(
      "cannot read the LibriSpeech folder @nowhere: there is no such folder",
    );
    put({ "L/readme.txt": "" });
    expect(await refusal("librispeech", "L")).toBe("@L is not a LibriSpeech folder: no file in it ends in .trans.txt");
    put({ "L/a.trans.txt": ["1-2-3 YES", "what"] });
    expect(await refusal("librispeech", "L")).toBe(
      "@L/a.trans.txt, line 2: expected an id such as 84-121123-0000 and a text, got 'what'",
    );
    put({ "L/a.trans.txt": ["1-2-3 YES"] });
    expect(await refusal("librispeech", "L")).toMatch(/^@L: none of its 1 audio files exist: /);
  });
});

describe("commonvoice", () => {
  test("clips, speakers, durations of newer releases; quotation marks are text", async () => {
    put({
      "cv/train.tsv": [
        "client_id\tpath\tsentence\tup_votes",
        'anna\ta.mp3\t"Yes", she said.\t2',
        "bob\tb\tNo’s no.\t0",
      ],
      "cv/clip_durations.tsv": ["clip\tduration[ms]", "a.mp3\t1512"],
      "cv/clips/a.mp3": "",
      "cv/clips/b.mp3": "",
    });
    expect((await run("commonvoice", "cv/train.tsv", { punctuation: false })).unknownDurations).toBe(1);
    expect(written()).toEqual([
      { audio_filepath: "cv/clips/a.mp3", text: "Yes she said", duration: 1.512, speaker: "anna" },
      { audio_filepath: "cv/clips/b.mp3", text: "No's no", speaker: "bob" },
    ]);
  });

  test("bad input", async () => {
    put({
      "cv/a.tsv": ["client_id\tfile", "a\tb"],
      "cv/b.tsv": ["path\tsentence", "a.mp3"],
      "cv/c.tsv": "path\tsentence\n",
    });
    expect(await refusal("commonvoice", "cv/a.tsv")).toBe(
      "@cv/a.tsv, line 2: expected the columns path and sentence, got client_id, file",
    );
    expect(await refusal("commonvoice", "cv/b.tsv")).toMatch(/^@cv\/b\.tsv is not a valid TSV table: .*line 2/);
    expect(await refusal("commonvoice", "cv/c.tsv")).toBe("@cv/c.tsv has no rows");
    expect(await refusal("commonvoice", "cv")).toBe("cannot read the table @cv: it is a folder");
  });
});

describe("audiofolder", () => {
  test("metadata.csv with quoted commas", async () => {
    put({
      "f/metadata.csv": ["file_name,transcription,speaker_id", 'x/a.wav,"yes, yes",3', "x/b.wav,no,4"],
      "f/x/a.wav": "",
      "f/x/b.wav": "",
    });
    await run("audiofolder", "f");
    expect(written()).toEqual([
      { audio_filepath: "f/x/a.wav", text: "yes, yes", speaker: "3" },
      { audio_filepath: "f/x/b.wav", text: "no", speaker: "4" },
    ]);
  });

  test("metadata.jsonl", async () => {
    put({ "f/metadata.jsonl": ['{"file_name": "a.wav", "sentence": "yes"}'], "f/a.wav": "" });
    await run("audiofolder", "f");
    expect(written()).toEqual([{ audio_filepath: "f/a.wav", text: "yes" }]);
  });

  test("bad input", async () => {
    expect(await refusal("audiofolder", "nowhere")).toBe("there is no folder @nowhere");
    put({ "f/train/metadata.csv": "", "f/test/metadata.csv": "" });
    expect(await refusal("audiofolder", "f/train/metadata.csv")).toBe("@f/train/metadata.csv is not a folder");
    expect(await refusal("audiofolder", "f")).toBe(
      "@f has no metadata.csv or metadata.jsonl; import one of its folders test, train",
    );
    put({ "f/metadata.csv": ["file_name,label", "a.wav,3"] });
    expect(await refusal("audiofolder", "f")).toBe(
      "@f/metadata.csv, line 2: no field holds the text, expected one of text, transcription, transcript, sentence, normalized_text, txt",
    );
  });
});

describe("jsonl", () => {
  test("spellings of NeMo, WeNet and Hugging Face; paths from the file's folder", async () => {
    put({
      "j/in.jsonl": [
        '{"audio_filepath": "a.wav", "text": "one", "duration": 1.5, "offset": 0.25}',
        `{"key": "u2", "wav": "${join(folder, "b.wav")}", "txt": "two"}`,
        '{"audio": {"path": "a.wav", "bytes": null}, "transcription": "three", "speaker_id": 7}',
      ],
      "j/a.wav": "",
      "b.wav": "",
    });
    await run("jsonl", "j/in.jsonl");
    expect(written()).toEqual([
      { audio_filepath: "j/a.wav", text: "one", duration: 1.5, offset: 0.25 },
      { audio_filepath: "b.wav", text: "two", id: "u2" },
      { audio_filepath: "j/a.wav", text: "three", speaker: "7" },
    ]);
  });

  test("start and end of WeNet's segments; elsewhere they are of another recording", async () => {
    put({
      "j.jsonl": [
        '{"key": "u1", "wav": "a.wav", "txt": "one", "start": 0, "end": 1.3}',
        '{"key": "u2", "wav": "a.wav", "txt": "two", "start": 1.3, "end": 2.0}',
        '{"audio": "a.wav", "text": "three", "start": 100.5, "end": "00:02:01"}',
      ],
      "a.wav": "",
    });
    await run("jsonl", "j.jsonl");
    expect(written()).toEqual([
      { audio_filepath: "a.wav", text: "one", duration: 1.3, offset: 0, id: "u1" },
      { audio_filepath: "a.wav", text: "two", duration: 0.7, offset: 1.3, id: "u2" },
      { audio_filepath: "a.wav", text: "three" },
    ]);
  });

  test.each([
    [
      '{"wav": "a.wav", "txt": "x", "start": 2, "end": 1}',
      /line 1: field "end": expected seconds after the start at 2, got 1$/,
    ],
    ['{"text": "one"}', /line 1: no field holds the audio's path, expected one of audio_filepath/],
    ['{"audio": "a.wav"}', /line 1: no field holds the text/],
    ['{"audio": "a.wav", "text": "x", "duration": "long"}', /line 1: field "duration": expected seconds, got "long"$/],
    ['["a.wav", "one"]', /line 1: expected a JSON object, got '\["a\.wav", "one"\]'$/],
    ["{", /line 1: not JSON: /],
    ["", /^@j\.jsonl has no lines$/],
  ])("%s", async (line, message) => {
    put({ "j.jsonl": line });
    expect(await refusal("jsonl", "j.jsonl")).toMatch(message);
  });
});
