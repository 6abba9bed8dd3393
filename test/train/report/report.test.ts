import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseHTML } from "linkedom";
import { UserError } from "../../../engine/errors.ts";
import { readRecording } from "../../../data/audio/audio.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { openLog, readLog, type StepRecord } from "../../../train/log/log.ts";
import { writeReport } from "../../../train/report/report.ts";
import { readHistory, thinSteps } from "../../../train/report/history.ts";
import { reportPage } from "../../../train/report/page.ts";
import { html } from "../../../train/report/html.ts";
import { STEPS, writeSampleRun } from "../sample_run.ts";

/** A result at one depth. */
const row = {
  depth: 4,
  wer: 0.5,
  cer: 0.5,
  substitutions: 1,
  deletions: 0,
  insertions: 0,
  words: 2,
  parameters: 3,
  realTimeFactor: 1,
};

const folders: string[] = [];
function newFolder(): string {
  folders.push(mkdtempSync(path.join(tmpdir(), "report-")));
  return folders.at(-1)!;
}
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

describe("the report of a whole run", () => {
  let folder: string;
  let page: string;
  beforeAll(async () => {
    folder = newFolder();
    writeSampleRun(folder);
    page = readFileSync(await writeReport(folder), "utf8");
  });
  const all = (selector: string) => [...parseHTML(page).document.querySelectorAll(selector)];
  const figure = (title: string) => all("figure").find((element) => element.querySelector("b")?.textContent === title);

  test("is one file that needs nothing else", () => {
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|\b(src|href)=/u);
    expect(page).not.toContain(folder);
    expect(readdirSync(folder).filter((name) => name.startsWith("report"))).toEqual(["report.html"]);
  });

  test("has a chart of everything that was logged", () => {
    expect(all("figure b").map((title) => title.textContent)).toEqual([
      "Word error rate on dev",
      "Word error rate against depth",
      "Word error rate against parameters",
      "CTC loss on train and dev",
      "CTC loss",
      "Joint loss",
      "KL divergence",
      "Gradient norm",
      "Learning rate",
      "Speed",
      "Blank ratio on dev",
      "Device memory against depth",
    ]);
    expect(page).not.toMatch(/NaN|undefined|\[object/u);
  });

  test("each depth is a curve in its colour, with the name in the legend", () => {
    const dev = figure("Word error rate on dev")!;
    expect([...dev.querySelectorAll(".legend > span")].map((entry) => entry.textContent)).toEqual([
      "depth 2",
      "depth 4",
      "depth 6",
    ]);
    const strokes = [...dev.querySelectorAll("[aria-label=line] path")].map((line) => line.getAttribute("stroke"));
    expect(strokes).toEqual(["var(--shallow)", "color-mix(in oklch, var(--deep) 50%, var(--shallow))", "var(--deep)"]);
    expect(dev.querySelectorAll("[aria-label=dot] circle")).toHaveLength(3 * Math.floor(STEPS / 140));
  });

  test("train and dev have a loss of the deepest path each", () => {
    const losses = figure("CTC loss on train and dev")!;
    expect([...losses.querySelectorAll(".legend > span")].map((entry) => entry.textContent)).toEqual(["train", "dev"]);
    expect(losses.querySelector(".note")!.textContent).toMatch(/^at depth 6, /);
    const dots = [...losses.querySelectorAll("[aria-label=dot] circle title")].map((title) => title.textContent);
    expect(dots).toHaveLength(Math.floor(STEPS / 140));
    expect(dots[0]).toBe("dev, step 140: 25.9"); // 34 · exp(-1 / 3) + 1.57
  });

  test("the table has the results of the log", () => {
    const rows = all("tbody tr").map((row) => [...row.children].map((cell) => cell.textContent).join(" "));
    expect(rows).toHaveLength(6);
    expect(rows[2]).toBe("6 1.00 % 0.65 % 14 4 2 2,000 453 k 1.24 M 63.4 % 63.5 % 0.070");
    expect(rows[3]).toMatch(/^test_unseen 2 18\.70 % /u);
  });

  test("examples show the worst utterances at each depth, errors marked", () => {
    const [first] = all(".example");
    expect(first!.querySelector("code")!.textContent).toBe("test_jackson_<33>");
    expect([...first!.querySelectorAll("dd")].map((line) => line.innerHTML.trim().replace(/\s+/gu, " "))).toEqual([
      "nine nine one",
      '<span class="word deletion"><del>nine</del></span> <span class="word substitution"><del>nine</del> five</span> one',
      'nine <span class="word substitution"><del>nine</del> five</span> one',
      'nine <span class="word substitution"><del>nine</del> five</span> one',
    ]);
    expect(page).not.toContain("nicolas_121"); // recognised without error
  });

  test("shows config, adapter and warnings", () => {
    expect(all("pre")[0]!.textContent).toContain("depths: [2, 4, 6]");
    expect(all("header p")[0]!.textContent).toBe(
      "2025-03-01 09:30:00 UTC · llvmpipe (LLVM 19.1.7, 256 bits) · finished",
    );
    expect(all("li").map((item) => item.textContent)).toEqual([
      "train.jsonl: 2 of 2500 utterances are too short for their text: theo_7_31, kal_0_12",
    ]);
  });

  test("does not grow with the number of steps", () => {
    expect(page.length).toBeLessThan(200_000);
  });
});

describe("players", () => {
  /** A manifest of the set "test" with two seconds of sound for an id, or other lines. */
  async function run(...lines: string[]): Promise<{ folder: string; page: () => Promise<string> }> {
    const folder = newFolder();
    writeSampleRun(folder);
    const log = path.join(folder, "log.jsonl");
    writeFileSync(log, readFileSync(log, "utf8").split("\n").slice(0, 3).join("\n") + "\n"); // fewer charts are quicker
    await writeWav(path.join(folder, "long.wav"), new Float32Array(12 * 16000).fill(0.25), 16000);
    writeFileSync(path.join(folder, "test.jsonl"), lines.join("\n"));
    return { folder, page: async () => readFileSync(await writeReport(folder), "utf8") };
  }
  const entry = (more: object) =>
    JSON.stringify({ audio_filepath: "long.wav", text: "nine nine one", id: "test_jackson_<33>", ...more });

  test("play the utterance at the model's rate, no more than its first ten seconds, from within the page", async () => {
    const page = await (await run(entry({}))).page();
    const players = [...parseHTML(page).document.querySelectorAll("audio")];
    expect(players).toHaveLength(1);
    expect(players[0]!.parentElement!.textContent).toBe("test_jackson_<33>the first 10 of 12.0 s");
    const [, sound] = /^data:audio\/wav;base64,(.*)$/u.exec(players[0]!.getAttribute("src")!)!;
    const clip = path.join(newFolder(), "clip.wav");
    writeFileSync(clip, Buffer.from(sound!, "base64"));
    const { samples, channels, sampleRate } = await readRecording(clip);
    expect([sampleRate, channels, samples.length]).toEqual([8000, 1, 80_000]);
    expect(samples[40_000]).toBeCloseTo(0.25, 3);
  });

  test("of a piece of a file play the piece", async () => {
    const page = await (await run(entry({ offset: 3, duration: 1.5 }))).page();
    expect(page).toContain("<small>1.5 s</small>");
    expect(page.match(/src="data:audio[^"]*"/gu)!.map(({ length }) => Math.round(length / 1000))).toEqual([32]); // 1.5 s * 8000 * 2 bytes * 4/3
  });

  test.each([
    ["the file is gone", entry({ audio_filepath: "gone.wav" })],
    ["it is no audio", entry({ audio_filepath: "test.jsonl" })],
    ["the manifest has become unreadable", "{"],
    ["the manifest has no such utterance", entry({ id: "another" })],
  ])("are left out where %s", async (_, line) => {
    const page = await (await run(line)).page();
    expect(page).not.toContain("<audio");
    expect(page).toContain("test_jackson_&lt;33&gt;");
  });
});

test("memory is a bar for each depth, and for evaluation and the joint step", async () => {
  const folder = newFolder();
  writeSampleRun(folder);
  const { document } = parseHTML(readFileSync(await writeReport(folder), "utf8"));
  const chart = [...document.querySelectorAll("figure")].find(
    (figure) => figure.querySelector("b")!.textContent === "Device memory against depth",
  )!;
  const rows = [...chart.querySelectorAll("[aria-label='y-axis tick label'] text")].map((row) => row.textContent);
  expect(rows).toEqual([
    ...[2, 4, 6].map((depth) => `inference at depth ${depth}`),
    ...[2, 4, 6].map((depth) => `training depth ${depth} alone`),
    "evaluation 2 + 4 + 6",
    "training 6 + 2 jointly",
  ]);
  expect([...chart.querySelectorAll("[aria-label=text] text")].map((total) => total.textContent)).toEqual([
    "17.0 MiB",
    "18.0 MiB",
    "19.0 MiB",
    "56.0 MiB",
    "84.0 MiB",
    "112 MiB",
    "21.0 MiB",
    "120 MiB",
  ]);
  expect(chart.querySelectorAll("[aria-label=bar] rect")).toHaveLength(3 * 8);
});

test("a run that was killed after its first step has a report", async () => {
  const folder = newFolder();
  writeSampleRun(folder);
  const log = path.join(folder, "log.jsonl");
  const lines = readFileSync(log, "utf8").split("\n");
  writeFileSync(log, lines.slice(0, 4).join("\n") + "\n" + lines[4]!.slice(0, 30));
  for (const name of readdirSync(folder)) if (name.startsWith("alignments")) rmSync(path.join(folder, name));
  const page = readFileSync(await writeReport(folder), "utf8");
  expect(page).toContain("still running, or killed");
  expect(page).toContain("Too few steps for curves.");
});

test("a loss that became NaN leaves a gap", async () => {
  const folder = newFolder();
  writeSampleRun(folder);
  const steps = readLog(path.join(folder, "log.jsonl")).filter((record) => record.type === "step");
  const log = openLog(path.join(folder, "log.jsonl"));
  for (const record of steps.slice(0, 20))
    log.append({ ...record, loss: record.step > 100 ? NaN : record.loss, ctc: { 2: NaN } });
  log.close();
  expect(readFileSync(await writeReport(folder), "utf8")).not.toContain("NaN");
});

test("a hybrid's two losses have charts beside each other, and its headline counts the decoder", async () => {
  const folder = newFolder();
  writeSampleRun(folder);
  const file = path.join(folder, "log.jsonl");
  const records = readLog(file).map((record) =>
    record.type === "step"
      ? { ...record, attention: { 2: 3 * record.ctc["2"]!, 6: 2 * record.ctc["6"]! } }
      : record.type === "start"
        ? { ...record, parameters: { ...record.parameters, decoder: 123_456 } }
        : record,
  );
  const log = openLog(file);
  records.forEach((record) => log.append(record));
  log.close();
  const { document } = parseHTML(readFileSync(await writeReport(folder), "utf8"));
  const figures = [...document.querySelectorAll("figure")];
  const titles = figures.map((figure) => figure.querySelector("b")!.textContent);
  const first = titles.indexOf("CTC loss");
  expect(titles.slice(first, first + 3)).toEqual(["CTC loss", "Attention loss", "Joint loss"]);
  const legend = [...figures[titles.indexOf("Attention loss")]!.querySelectorAll(".legend > span")];
  expect(legend.map((entry) => entry.textContent)).toEqual(["depth 2", "depth 6"]);
  expect(document.querySelector(".tiles")!.textContent).toContain("450 k in the encoder, 123 k in the decoder");
});

test("a folder without a log", async () => {
  await expect(writeReport(newFolder())).rejects.toThrow(UserError);
});

test("the last result of a set counts, and the last part's end", () => {
  const history = readHistory([
    { type: "result", set: "test", rows: [row] },
    { type: "end", reason: "interrupted" },
    { type: "warning", message: "odd" },
    { type: "warning", message: "odd" },
    { type: "result", set: "test", rows: [{ ...row, wer: 0.25 }] },
  ]);
  expect(history.results.map(({ rows }) => rows[0]!.wer)).toEqual([0.25]);
  expect(history.end).toBeNull();
  expect(history.warnings.get("odd")).toBe(2);
});

test("which weights were tested, where a mean of checkpoints was made", () => {
  const page = reportPage(
    "run",
    readHistory([
      {
        type: "average",
        of: "last",
        steps: [2, 3],
        wer: { 2: 0.9, 4: 0.125 },
        cer: { 2: 0.9, 4: 0.1 },
        bestWer: 0.25,
        tested: "average",
      },
      { type: "result", set: "test", rows: [row] },
    ]),
    [],
  );
  expect(page).toContain(
    "the average of the 2 last checkpoints and the best one have a WER of 12.50 % and 25.00 % at depth 4. Tested: the average.",
  );
});

test("many steps are averaged in groups, without those that are not numbers", () => {
  const step = (number: number, kl: number): StepRecord => ({
    type: "step",
    step: number,
    epoch: 0,
    loss: number,
    ctc: { 2: number },
    attention: { 2: 10 * number },
    kl,
    learningRate: 1,
    gradNorm: 1,
    framesPerSecond: 1,
    dataWaitShare: 0,
    gpuBytes: 0,
    skipped: 0,
    seconds: 0,
  });
  const thin = thinSteps([step(1, 1), step(2, NaN), step(3, 4), step(4, 6), step(5, 7)], 3);
  expect(thin.map(({ step, kl, ctc, attention }) => [step, kl, ctc["2"], attention!["2"]])).toEqual([
    [2, 1, 1.5, 15],
    [4, 5, 3.5, 35],
    [5, 7, 5, 50],
  ]);
});

test("what is put into HTML is escaped", () => {
  expect(html`<b title="${'"'}">${"<i>&"}${html`<i>`}${["a", null, false, 3]}</b>`.source).toBe(
    '<b title="&quot;">&lt;i&gt;&amp;<i>a3</b>',
  );
});
