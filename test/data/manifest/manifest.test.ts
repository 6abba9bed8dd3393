import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { pieceOf, readManifest } from "../../../data/manifest/manifest.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(path.join(tmpdir(), "unfold-manifest-"))));
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, ...lines: (string | object)[]): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
  return file;
}

const one = { audio_filepath: "audio/anna/one.flac", text: "one", duration: 1.5, speaker: "anna" };

test("reads fields, and relative paths from the manifest's folder", async () => {
  const file = await write("good.jsonl", one, "", {
    audio_filepath: path.join(folder, "two.wav"),
    text: " two\t three ",
    speaker: 7,
    id: "x",
    gender: "f",
  });
  const { entries, warnings } = await readManifest(file);
  expect(warnings).toEqual([]);
  expect(entries).toEqual([
    {
      id: "one",
      audioPath: path.join(folder, "audio", "anna", "one.flac"),
      text: "one",
      duration: 1.5,
      offset: 0,
      isWhole: true,
      speaker: "anna",
      source: `${file}, line 1`,
    },
    {
      id: "x",
      audioPath: path.join(folder, "two.wav"),
      text: "two three",
      duration: null,
      offset: 0,
      isWhole: true,
      speaker: "7",
      source: `${file}, line 3`,
    },
  ]);
});

test("accepts a byte order mark, Windows line ends, empty texts", async () => {
  const file = await write(
    "windows.jsonl",
    `\uFEFF${JSON.stringify(one)}\r`,
    `${JSON.stringify({ ...one, text: "" })}\r`,
    "",
  );
  expect((await readManifest(file)).entries.map((e) => e.text)).toEqual(["one", ""]);
});

test("composes characters, so that equal texts have equal units", async () => {
  const file = await write("nfc.jsonl", { ...one, text: "Ba\u0308r" });
  expect((await readManifest(file)).entries[0]!.text).toBe("B\u00e4r");
});

test("drops an utterance that has the same audio and text as an earlier one, and names both", async () => {
  const file = await write(
    "twice.jsonl",
    one,
    { ...one, text: "two" },
    { ...one, audio_filepath: "audio/x/../anna/one.flac" },
    one,
  );
  const { entries, warnings } = await readManifest(file);
  expect(entries.map((e) => e.text)).toEqual(["one", "two"]);
  expect(warnings).toEqual(
    [3, 4].map((n) => `${file}, line ${n}: one has the same audio and text as ${file}, line 1 and is dropped`),
  );
});

test("files of the same name get as many folders in their ids as tell them apart; an id of the line stays", async () => {
  const of = (file: string, more: object = {}) => ({ audio_filepath: file, text: "x", ...more });
  const lines = [
    of("a/sa1.wav"),
    of("b/sa1.wav"),
    of("c/sa2.wav"),
    of("c/sa2.wav", { offset: 1 }),
    of("d1/e/sa3.wav"),
    of("d2/e/sa3.wav"),
    of("f/sa4.wav", { id: "mine" }),
    of("g/x.wav", { id: "mine" }),
  ];
  const { entries } = await readManifest(await write("same.jsonl", ...lines));
  expect(entries.map(({ id }) => id)).toEqual([
    "a/sa1",
    "b/sa1",
    "sa2",
    "sa2@1",
    "d1/e/sa3",
    "d2/e/sa3",
    "mine",
    "mine",
  ]);
  const twice = await readManifest(await write("texts.jsonl", one, { ...one, text: "two" })); // nothing tells these apart
  expect(twice.entries.map(({ id }) => id)).toEqual(["one", "one"]);
});

test("an offset makes a piece of a file, even at 0; pieces are told apart", async () => {
  const file = await write(
    "pieces.jsonl",
    one,
    { ...one, offset: 0 },
    { ...one, offset: 2.5 },
    { ...one, offset: 4, duration: undefined },
  );
  const { entries, warnings } = await readManifest(file);
  expect(entries.map((entry) => [entry.id, pieceOf(entry)])).toEqual([
    ["one", undefined],
    ["one@2.5", { offset: 2.5, duration: 1.5 }],
    ["one@4", { offset: 4, duration: null }],
  ]);
  expect(warnings).toEqual([`${file}, line 2: one has the same audio and text as ${file}, line 1 and is dropped`]);
  const piece = await write("piece.jsonl", { ...one, offset: 0 });
  expect((await readManifest(piece)).entries.map(pieceOf)).toEqual([{ offset: 0, duration: 1.5 }]);
});

describe("bad input", () => {
  async function messageOf(file: string): Promise<string> {
    const error = await readManifest(file).then(
      () => null,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message;
  }

  test("no such file, a folder, no utterances", async () => {
    const missing = path.join(folder, "missing.jsonl");
    expect(await messageOf(missing)).toBe(`cannot read the manifest ${missing}: there is no such file`);
    expect(await messageOf(folder)).toContain(`cannot read the manifest ${folder}: `);
    expect(await messageOf(await write("empty.jsonl", "", "  "))).toMatch(
      /^the manifest .*empty\.jsonl has no utterances$/,
    );
  });

  test("another encoding than UTF-8, with the line of its first letter", async () => {
    const file = path.join(folder, "latin1.jsonl");
    await writeFile(
      file,
      Buffer.from(`${JSON.stringify(one)}\n${JSON.stringify({ ...one, text: "sch\u00f6n" })}\n`, "latin1"),
    );
    expect(await messageOf(file)).toBe(`${file}, line 2: not UTF-8; save the file in that encoding`);
  });

  test("a line that is not JSON is named by its number in the file", async () => {
    const file = await write("broken.jsonl", one, "", '{"audio_filepath": "a.wav", ');
    expect(await messageOf(file)).toContain(`${file}, line 3: not JSON: `);
  });

  test.each([
    [{ text: "one" }, 'field "audio_filepath": '],
    [{ audio_filepath: "", text: "one" }, 'field "audio_filepath": '],
    [{ audio_filepath: "a.wav" }, 'field "text": '],
    [{ ...one, text: 1 }, 'field "text": '],
    [{ ...one, duration: "1.5" }, 'field "duration": '],
    [{ ...one, duration: 0 }, 'field "duration": '],
    [{ ...one, speaker: ["anna"] }, 'field "speaker": expected string or number'],
    [{ ...one, id: "" }, 'field "id": '],
    [{ ...one, offset: -2.5 }, 'field "offset": '],
    [{ ...one, offset: "2.5" }, 'field "offset": '],
    [["a.wav", "one"], "expected object"],
  ])("%j: a wrong field is named", async (line, expected) => {
    const file = await write("wrong.jsonl", one, line);
    expect(await messageOf(file)).toContain(`${file}, line 2: `);
    expect(await messageOf(file)).toContain(expected);
  });
});
