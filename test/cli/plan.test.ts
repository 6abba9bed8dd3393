import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { build, unfold } from "../built.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

/* `train --plan` on the command line: the table on stdout, and what does not fit as one sentence with exit code 2. */

let folder: string;
beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-plan-"));
  await writeSmallCorpus(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = (...words: string[]) =>
  unfold([
    "train",
    join(folder, "config.yaml"),
    "--plan",
    "--out",
    join(folder, "run"),
    "--set",
    "data.cache=false",
    ...words,
  ]);

it("prints the plan and trains nothing", async () => {
  const { status, stdout } = await plan();
  expect(status).toBe(0);
  expect(stdout).toMatch(/^device memory of the largest batch, 2 utterances of 67 frames:\n/);
  expect(stdout).toMatch(/^ training, depths 3 \+ 1 \+ \d /m);
  expect(existsSync(join(folder, "run"))).toBe(false);
});

it("warns of the data as training does", async () => {
  const wav = readFileSync(join(folder, "u0.wav"));
  wav.writeUInt32LE(0xffffffff, 40); // never closed
  writeFileSync(join(folder, "open.wav"), wav);
  const line = { audio_filepath: "open.wav", text: "one <unk>" };
  writeFileSync(join(folder, "open.jsonl"), `${JSON.stringify(line)}\n`);
  const { status, stderr } = await plan("--set", "data.dev=open.jsonl");
  expect(status).toBe(0);
  const said = stderr.split("\n").filter((text) => text.startsWith("warning: dev: "));
  expect(said).toEqual([
    expect.stringMatching(/open\.wav: its header does not say how long it is \(0xffffffff bytes\)/),
    expect.stringMatching(/1 of 1 texts have marks that are no words: <unk>/),
    ...said.slice(2),
  ]);
});

it("what does not fit", async () => {
  const { status, stdout, stderr } = await plan("--set", "memory.limit_gib=0.0001");
  expect(status).toBe(2);
  expect(stdout).toContain("inference, depth 3");
  expect(stderr.split("\n").filter((line) => line.startsWith("unfold: "))).toEqual([
    expect.stringMatching(
      /^unfold: training with 2 x 67 frames as the largest batch needs \d+ KiB of device memory, but only 105 KiB are available \(memory\.limit_gib, .*\): /,
    ),
  ]);
  expect(existsSync(join(folder, "run"))).toBe(false);
});
