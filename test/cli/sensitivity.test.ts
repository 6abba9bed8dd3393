import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint, loadState } from "../../checkpoint/checkpoint_file.ts";
import { build, unfold, type Outcome } from "../built.ts";
import { modelFolder, weightsOf } from "../checkpoint/hugging_face/folders.ts";
import { folderWithUselessLayer, USELESS } from "../checkpoint/hugging_face/useless_layer.ts";
import { corpusLines, writeManifest, writeSmallCorpus } from "../small_corpus.ts";

/* From a folder of Hugging Face to the seed of its most sensitive layers, as a user goes. */

let folder: string;
let measured: Outcome;
const at = (name: string): string => join(folder, name);
/** Words that begin with @ are paths in the test's folder. */
const run = (...words: string[]): Promise<Outcome> =>
  unfold(words.map((word) => (word.startsWith("@") ? at(word.slice(1)) : word)));
async function succeed(...words: string[]): Promise<Outcome> {
  const outcome = await run(...words);
  expect(outcome, outcome.stderr).toMatchObject({ status: 0 });
  return outcome;
}

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-sensitivity-"));
  await writeSmallCorpus(folder);
  folderWithUselessLayer(at("model"), "hubert_large");
  await succeed("import", "@model", "--out", "@full.safetensors");
  const audio = corpusLines().map(({ audio_filepath }) => `@${audio_filepath}`);
  const { stdout } = await succeed("transcribe", "@full.safetensors", ...audio, "--json");
  const heard = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { text: string });
  writeManifest(
    at("heard.jsonl"),
    corpusLines().map((line, i) => ({ ...line, text: heard[i]!.text })),
  );
  measured = await succeed(
    "sensitivity",
    "@full.safetensors",
    "@heard.jsonl",
    "--json",
    "@s.json",
    "--figure",
    "@s.svg",
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Written {
  model: { sha256: string };
  leftOut: { block: number; wer: number }[];
}
const written = (): Written => JSON.parse(readFileSync(at("s.json"), "utf8")) as Written;

describe("unfold sensitivity", () => {
  it("prints a row a block, and writes what it printed and a chart", () => {
    const row = (block: number): string[] =>
      measured.stdout
        .split("\n")
        .map((line) => line.trim())
        .find((line) => line.startsWith(`block ${block} `))!
        .split(/ {2,}/u);
    expect(measured.stdout).toMatch(/^ none \(depth 4\) +0\.00 %$/mu);
    expect(row(USELESS)).toEqual([`block ${USELESS}`, "0.00 %", "0.00", "0", "0", "0", "1"]);
    for (const { block, wer } of written().leftOut) {
      expect(row(block)[1]).toBe(`${(100 * wer).toFixed(2)} %`);
      expect(wer > 0).toBe(block !== USELESS);
    }
    expect(written().leftOut.map(({ block }) => block)).toEqual([0, 1, 2, 3]);
    expect(readFileSync(at("s.svg"), "utf8")).toMatch(/^<svg xmlns="[^]*<\/svg>\n$/u);
  });

  it.each<[string, string[], RegExp]>([
    [
      "a figure that is none",
      ["--figure", "@s.png"],
      /^--figure: expected a name that ends in \.svg, got '.*s\.png'$/u,
    ],
    ["one file for two", ["--json", "@x.svg", "--figure", "@x.svg"], /^--json and --figure name the same file$/u],
    ["a file that is there", ["--json", "@s.json"], /s\.json already exists; --force replaces it$/u],
    [
      "a folder that is not",
      ["--json", "@none/s.json"],
      /^.*none.s\.json cannot be written: there is no folder .*none$/u,
    ],
    [
      "a path of one block",
      ["--depth", "1", "--json", "@x.json"],
      /^no block can be left out at depth 1: its path runs only block 0, expected at least two$/u,
    ],
  ])("refuses %s", async (_, words, message) => {
    const before = readdirSync(folder);
    expectRefused(await run("sensitivity", "@full.safetensors", "@heard.jsonl", ...words), message);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe("unfold import --keep", () => {
  const keep = (from: string, layers: number, ...words: string[]): Promise<Outcome> =>
    run("import", from, "--keep", String(layers), "--by", "@s.json", "--out", "@seed.safetensors", "--force", ...words);

  it("drops the useless layer first, and unfolds what it kept", async () => {
    const imported = await keep("@model", 3, "--depth", "4");
    expect(imported).toMatchObject({ status: 0, stderr: "" });
    expect(imported.stdout).toContain(
      "blocks 0 to 2 are initialised from layers 0 2 3\ndepth 4 runs the blocks 0 1 2 2\n",
    );
    expect(loadState(at("seed.safetensors")).huggingFace?.layers).toEqual([0, 2, 3]);
    const { tensors, close } = loadCheckpoint(at("seed.safetensors"));
    const name = (layer: number): string => `hubert.encoder.layers.${layer}.feed_forward.output_dense.weight`;
    expect(tensors.get(name(1))).toEqual(weightsOf(at("model")).get(name(2)));
    close();
  });

  it("takes an exported checkpoint of the same layers for the same model", async () => {
    await succeed("export", "@full.safetensors", "--format", "hf", "--out", "@exported");
    expect(await keep("@exported", 2)).toMatchObject({ status: 0, stderr: "" });
  });

  it("refuses a measurement of another model, damaged or of something else, and more layers than there are", async () => {
    rmSync(at("seed.safetensors"), { force: true });
    expectRefused(
      await keep(modelFolder("wav2vec2_large"), 1),
      /^--by: .*s\.json was measured on a hubert model of 4 blocks, but .*wav2vec2_large is a wav2vec2 model of 2 layers$/u,
    );
    folderWithUselessLayer(at("other"), "hubert_large", 2);
    expectRefused(
      await keep("@other", 1),
      /^--by: .*s\.json was measured on layers with other weights than those of .*other: measure the checkpoint that unfold import makes of all its layers$/u,
    );
    expectRefused(await keep("@model", 5), /^--keep: expected at most the model's 4 layers, got 5$/u);
    const by = (file: string): Promise<Outcome> =>
      run("import", "@model", "--keep", "2", "--by", file, "--out", "@seed.safetensors");
    writeFileSync(at("cut.json"), readFileSync(at("s.json")).subarray(0, 100));
    expectRefused(await by("@cut.json"), /cut\.json is not valid JSON$/u);
    expectRefused(await by("@nothing.json"), /nothing\.json cannot be read: there is no such file$/u);
    writeFileSync(at("list.json"), "[1]");
    expectRefused(
      await by("@list.json"),
      /list\.json: expected unfold-sensitivity\/1, as unfold sensitivity --json writes it$/u,
    );
    writeFileSync(at("next.json"), JSON.stringify({ ...written(), format: "unfold-sensitivity/2" }));
    expectRefused(
      await by("@next.json"),
      /next\.json: format is "unfold-sensitivity\/2", expected unfold-sensitivity\/1, as unfold sensitivity --json writes it$/u,
    );
    writeFileSync(at("minus.json"), JSON.stringify({ ...written(), leftOut: [{ ...written().leftOut[0], wer: -1 }] }));
    expectRefused(await by("@minus.json"), /minus\.json: leftOut\.0\.wer is -1, /u);
    expect(existsSync(at("seed.safetensors"))).toBe(false);
  });
});

function expectRefused({ status, stdout, stderr }: Outcome, message: RegExp): void {
  const lines = stderr.split("\n").filter((line) => line !== "" && !/^reading |^Warning: loader_/u.test(line));
  expect(lines).toEqual([expect.stringMatching(/^unfold: /u)]);
  expect(lines[0]!.slice("unfold: ".length)).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
}
