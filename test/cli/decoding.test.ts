import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { register as evaluate } from "../../cli/eval.ts";
import { register as transcribe } from "../../cli/transcribe.ts";
import { UserError } from "../../engine/errors.ts";
import { build, unfold, type Outcome } from "../built.ts";
import { writeSmallCorpus } from "../small_corpus.ts";

/* Recognising on the command line: language models, n-best lists, word times, forced alignment, comparison of checkpoints. */

const CHARACTERS = "\\data\\\nngram 1=4\n\n\\1-grams:\n-99 <s>\n-0.5 </s>\n-0.4 a\n-0.5 b\n\n\\end\\\n";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-decoding-"));
  await writeSmallCorpus(folder);
  writeFileSync(
    at("characters.arpa"),
    CHARACTERS.replace("1=4", "1=5").replace("\n\n\\end", "\n-0.9 <space>\n\n\\end"),
  );
  writeFileSync(at("bad.arpa"), CHARACTERS.replace("-0.4 a", "-0.4"));
  const { status, stderr } = await run([
    "train",
    "@config.yaml",
    "--out",
    "@run",
    "--set",
    "steps=3",
    "--set",
    "eval.beam=4",
    "--set",
    "eval.lm={ arpa: characters.arpa, level: character }",
  ]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Paths in `words` after "@" and in what comes back are relative to the test's folder. */
async function run(words: readonly string[]): Promise<Outcome> {
  const outcome = await unfold(words.map((word) => word.replace(/^@/u, `${folder}/`)));
  return {
    ...outcome,
    stdout: outcome.stdout.replaceAll(`${folder}/`, ""),
    stderr: outcome.stderr.replaceAll(`${folder}/`, ""),
  };
}

async function json<T>(...words: string[]): Promise<T> {
  const { status, stdout, stderr } = await run(words);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout) as T;
}

const LM = [
  "--beam",
  "4",
  "--lm",
  "@characters.arpa",
  "--lm-level",
  "character",
  "--lm-weight",
  "0.8",
  "--lm-bonus",
  "-0.5",
];

it.concurrent("transcribe: n-best list and word times as JSON, real-time factor on stderr", async () => {
  const { status, stdout, stderr } = await run([
    "transcribe",
    "@run",
    "@u0.wav",
    "@u1.wav",
    "--json",
    "--nbest",
    "3",
    "--timestamps",
    ...LM,
  ]);
  expect(status).toBe(0);
  expect(stderr).toMatch(/^1 s of audio in \d+\.\d\d s: real-time factor \d+\.\d{3}$/mu);
  type Line = {
    file: string;
    text: string;
    words: unknown[];
    logProbability: number;
    nbest: { text: string; ctc: number; lm: number; total: number }[];
  };
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
  expect(lines.map(({ file }) => file)).toEqual(["u0.wav", "u1.wav"]);
  for (const { text, words, logProbability, nbest } of lines) {
    expect(words.length).toBe(text.split(" ").filter((word) => word !== "").length);
    expect([nbest.length, nbest[0]!.text, nbest[0]!.ctc]).toEqual([3, text, logProbability]);
    for (const { text: spoken, ctc, lm, total } of nbest) {
      if (!spoken.includes(" ")) expect(total).toBeCloseTo(ctc + 0.8 * lm - 0.5 * spoken.length, 3); // but for spaces at its ends
    }
  }
});

it.concurrent("eval says how it decoded", async () => {
  const result = await json<{ beam: number; lm: object; rows: object[] }>(
    "eval",
    "@run",
    "@dev.jsonl",
    "--json",
    "--alignments",
    "@alignments",
    ...LM,
  );
  expect(result).toMatchObject({
    beam: 4,
    lm: { arpa: "characters.arpa", weight: 0.8, bonus: -0.5, level: "character" },
  });
  expect(result.rows.length).toBe(2);
});

it.concurrent("eval says how it decoded on stderr too, and in greedy decoding how training did", async () => {
  const lm = "characters.arpa (weight 0.5, bonus 0, characters)";
  const said = async (...more: string[]) => {
    const words = ["eval", "@run", "@dev.jsonl", "--alignments", "@said", "--depths", "1", ...more];
    const { status, stderr } = await run(words);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    return stderr.split("\n").filter((line) => /decod|beam/u.test(line));
  };
  expect(await said()).toEqual([
    "greedy decoding",
    `hint: training's own table used prefix beam search of width 4 with ${lm}: --beam 4 --lm characters.arpa --lm-weight 0.5 --lm-bonus 0 --lm-level character decodes the same way`,
  ]);
  expect(await said("--beam", "4", "--lm", "@characters.arpa", "--lm-level", "character")).toEqual([
    `prefix beam search of width 4 with ${lm}`,
  ]);
});

it.concurrent("transcribe names a file that it cannot read, transcribes the others and exits with 2", async () => {
  const { status, stdout, stderr } = await run(["transcribe", "@run", "@u0.wav", "@nothing.wav", "@u1.wav"]);
  expect([status, stdout.split("\n").map((line) => line.split("\t")[0])]).toEqual([2, ["u0.wav", "u1.wav", ""]]);
  expect(stderr.split("\n").filter((line) => line.startsWith("unfold: "))).toEqual([
    "unfold: nothing.wav does not exist.",
  ]);
});

it.concurrent("eval --trn writes the references and each depth's words for sclite", async () => {
  const { status, stderr } = await run(["eval", "@run", "@dev.jsonl", "--alignments", "@scored", "--trn", "@trn"]);
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(readdirSync(at("trn")).sort()).toEqual(["dev-hyp-1.trn", "dev-hyp-3.trn", "dev-ref.trn"]);
  const lines = (name: string): string[] =>
    readFileSync(at(`trn/${name}.trn`), "utf8")
      .trimEnd()
      .split("\n");
  const utterances = readFileSync(at("dev.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { text: string });
  expect(lines("dev-ref").map((line) => line.replace(/ \(\S+\)$/u, ""))).toEqual(utterances.map(({ text }) => text));
  const ids = (name: string) => lines(name).map((line) => /\((\S+)\)$/u.exec(line)?.[1]);
  expect([ids("dev-hyp-1"), ids("dev-hyp-3")]).toEqual([ids("dev-ref"), ids("dev-ref")]);
});

it.concurrent("eval --trn refuses an id that no trn file can hold before it recognises anything", async () => {
  const [line] = readFileSync(at("dev.jsonl"), "utf8").split("\n");
  writeFileSync(at("spaced.jsonl"), `${JSON.stringify({ ...(JSON.parse(line!) as object), id: "a (b)" })}\n`);
  const { status, stdout, stderr } = await run(["eval", "@run", "@spaced.jsonl", "--trn", "@never"]);
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^unfold: --trn: the id 'a \(b\)' cannot be written to a trn file: [^\n]+$/mu);
  expect(readdirSync(folder)).not.toContain("never");
});

it.concurrent("eval --compare compares two depths of one checkpoint", async () => {
  type Result = {
    comparisons: { mapsswe: Record<string, number> }[];
  };
  const {
    comparisons: [pair],
  } = await json<Result>("eval", "@run", "@dev.jsonl", "--compare", "@run", "--depth-b", "1", "--json");
  expect(pair).toMatchObject({ depthA: 3, depthB: 1, resamples: 10_000 });
  expect(Object.keys(pair!.mapsswe)).toEqual(["segments", "mean", "standardDeviation", "z", "p"]);
});

it.concurrent("eval --paths adds the spread over the paths of each depth", async () => {
  type Result = {
    rows: { depth: number; wer: number }[];
    paths: { depth: number; legalPaths: number; mean: number; medianPath: { schedule: number[]; wer: number } }[];
  };
  const words = ["eval", "@run", "@dev.jsonl", "--alignments", "@paths", "--paths", "all"];
  const { rows, paths } = await json<Result>(...words, "--json");
  expect(paths).toMatchObject([
    { depth: 1, legalPaths: 1, mean: rows[0]!.wer, medianPath: { schedule: [0], wer: rows[0]!.wer } },
    { depth: 3, legalPaths: 1, mean: rows[1]!.wer, medianPath: { schedule: [0, 0, 0], wer: rows[1]!.wer } },
  ]);
  expect((await run(words)).stdout).toMatch(/path of median WER[^]+ 0 0 0\b/u);
});

it.concurrent("align writes the time of every word", async () => {
  const { status, stdout } = await run(["align", "@run", "@train.jsonl", "--out", "@aligned"]);
  expect([status, stdout]).toEqual([0, "6 of 6 utterances aligned: aligned/alignment.ctm\n"]);
  const words = readFileSync(at("aligned/alignment.ctm"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  expect(words.map(([id, channel, , , word]) => [id, channel, word])).toEqual(
    ["ab", "ba", "a", "b", "aab", "abb"].map((word, i) => [`u${i}`, "1", word]),
  );
});

it.concurrent("a language model with a bad line is refused, with file and line, before a run begins", async () => {
  const { status, stderr } = await run([
    "train",
    "@config.yaml",
    "--out",
    "@new",
    "--set",
    "eval.beam=4",
    "--set",
    "eval.lm={ arpa: bad.arpa }",
  ]);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^unfold: bad\.arpa, line 7: expected a log10 probability, a word and at most a back-off weight, got '-0\.4'$/mu,
  );
  expect(readdirSync(at("new")).filter((name) => !name.endsWith(".lock"))).toEqual([]);
});

/** Options that are wrong before anything is opened: seen without a process of their own. */
const WRONG: [name: string, verb: typeof transcribe, words: string[], message: RegExp][] = [
  [
    "a weight without a language model",
    evaluate,
    ["eval", "run", "dev", "--beam", "4", "--lm-weight", "1"],
    /^--lm-weight needs --lm, the file of the language model$/,
  ],
  [
    "a level without a language model",
    transcribe,
    ["transcribe", "run", "a", "--lm-level", "word"],
    /^--lm-level needs --lm, /,
  ],
  [
    "a language model without a beam",
    transcribe,
    ["transcribe", "run", "a", "--lm", "lm.arpa"],
    /^--lm needs --beam, /,
  ],
  [
    "a weight that is no number",
    evaluate,
    ["eval", "run", "dev", "--beam", "4", "--lm", "lm.arpa", "--lm-weight", "x"],
    /^--lm-weight: expected a number, got 'x'$/,
  ],
  [
    "a weight below 0",
    evaluate,
    ["eval", "run", "dev", "--beam", "4", "--lm", "lm.arpa", "--lm-weight=-1"],
    /^--lm-weight: expected a number, 0 or more, got '-1'$/,
  ],
  [
    "a bonus that is no number",
    evaluate,
    ["eval", "run", "dev", "--beam", "4", "--lm", "lm.arpa", "--lm-bonus="],
    /^--lm-bonus: expected a number, got ''$/,
  ],
  [
    "--nbest without --json",
    transcribe,
    ["transcribe", "run", "a", "--beam", "4", "--nbest", "2"],
    /^--nbest needs --json: /,
  ],
  [
    "--timestamps without --json",
    transcribe,
    ["transcribe", "run", "a", "--timestamps"],
    /^--timestamps needs --json: /,
  ],
  [
    "--nbest beyond the beam",
    transcribe,
    ["transcribe", "run", "a", "--json", "--nbest", "2"],
    /^--nbest 2 needs a --beam of at least 2, /,
  ],
  [
    "--nbest 0",
    transcribe,
    ["transcribe", "run", "a", "--json", "--nbest", "0"],
    /^--nbest: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "an overlap of a whole chunk",
    transcribe,
    ["transcribe", "run", "a", "--chunk-seconds", "10", "--overlap-seconds", "10"],
    /^--overlap-seconds 10 must be less than --chunk-seconds 10, or chunks would not advance$/,
  ],
  [
    "an overlap of no chunks",
    transcribe,
    ["transcribe", "run", "a", "--chunk-seconds", "0", "--overlap-seconds", "2"],
    /^--overlap-seconds needs chunks, but --chunk-seconds is 0/,
  ],
  [
    "chunks of no length",
    transcribe,
    ["transcribe", "run", "a", "--chunk-seconds=-5"],
    /^--chunk-seconds: expected seconds, 0 or more, got '-5'$/,
  ],
  [
    "chunks of words",
    transcribe,
    ["transcribe", "run", "a", "--chunk-seconds", "long"],
    /^--chunk-seconds: expected seconds, 0 or more, got 'long'$/,
  ],
  [
    "--paths with --compare",
    evaluate,
    ["eval", "run", "dev", "--compare", "run", "--paths", "3"],
    /^--paths cannot be combined with --compare/,
  ],
  [
    "--paths none",
    evaluate,
    ["eval", "run", "dev", "--paths", "none"],
    /^--paths: expected 'all' or a whole number from 1, got 'none'$/,
  ],
  ["--depth-a without --compare", evaluate, ["eval", "run", "dev", "--depth-a", "1"], /^--depth-a needs --compare; /],
  [
    "--depth-b 0",
    evaluate,
    ["eval", "run", "dev", "--compare", "run", "--depth-b", "0"],
    /^--depth-b: expected a whole number from 1 to 1000, got '0'$/,
  ],
  [
    "--lm - with --compare",
    evaluate,
    ["eval", "run", "dev", "--compare", "run", "--beam", "4", "--lm", "-"],
    /^--lm - cannot be combined with --compare, which reads the language model twice; give a file$/,
  ],
  [
    "--alignments with --compare",
    evaluate,
    ["eval", "run", "dev", "--compare", "run", "--alignments", "folder"],
    /^--alignments cannot be combined with --compare/,
  ],
  [
    "--trn with --compare",
    evaluate,
    ["eval", "run", "dev", "--compare", "run", "--trn", "folder"],
    /^--trn cannot be combined with --compare/,
  ],
];

describe("one sentence for", () => {
  it.each(WRONG)("%s", async (_, register, words, message) => {
    const program = new Command("unfold").exitOverride();
    register(program);
    const parsing = program.parseAsync(words, { from: "user" });
    await expect(parsing).rejects.toThrow(UserError);
    await expect(parsing).rejects.toThrow(message);
  });
});
