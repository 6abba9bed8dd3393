import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { build, unfold } from "../built.ts";
import { modelFolder } from "../checkpoint/hugging_face/folders.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
/** Neither import nor export needs an adapter. */
const running = (...words: string[]) => unfold(words, { UNFOLD_ADAPTER: "there is none of this name" });

beforeAll(() => {
  build();
  folder = mkdtempSync(join(tmpdir(), "unfold-import-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("says which layers became which blocks and what is saved, and export writes a deep path as layers", async () => {
  const imported = await running(
    "import",
    modelFolder("wav2vec2_large"),
    "--seed-layers",
    "1,0",
    "--depth",
    "4",
    "--order",
    "cycle",
    "--out",
    at("seed.safetensors"),
  );
  expect(imported).toMatchObject({ status: 0, stderr: "" });
  expect(imported.stdout).toMatch(
    /seed\.safetensors: wav2vec2, a seed of 2 blocks from 2 layers, [\d.]+ KiB\nblocks 0 to 1 are initialised from layers 1 0\ndepth 4 runs the blocks 0 1 0 1\n18\.7 k parameters, 35\.2 % less than the 28\.8 k of 4 layers that share nothing \(of the encoder alone 36\.2 %\)\n32 output classes, the blank is class 31\n$/u,
  );
  const exported = await running(
    "export",
    at("seed.safetensors"),
    "--format",
    "hf",
    "--depth",
    "4",
    "--out",
    at("deep"),
  );
  expect(exported).toMatchObject({ status: 0, stderr: "" });
  expect(exported.stdout).toMatch(
    /deep: 4 layers, blocks 0 1 0 1, 28,804 parameters \(18,668 in the checkpoint, where a block that runs twice is stored once\), [\d.]+ KiB \([\d,]+ bytes\)\n$/u,
  );
  const shallow = await running(
    "export",
    at("seed.safetensors"),
    "--format",
    "hf",
    "--depth",
    "1",
    "--out",
    at("shallow"),
  );
  expect(shallow.stdout).toMatch(
    /shallow: 1 layers, blocks 0, [\d,]+ parameters \(18,668 in the checkpoint, not all of whose blocks run\), /u,
  );
  expect(readdirSync(at("deep")).sort()).toEqual([
    "config.json",
    "model.safetensors",
    "preprocessor_config.json",
    "tokenizer_config.json",
    "vocab.json",
  ]);
});

it.each<[string, string[], RegExp]>([
  [
    "a folder that is none",
    ["nowhere"],
    /^unfold: nowhere is not a folder: expected one with a config\.json and a model\.safetensors, .*\n$/u,
  ],
  [
    "the name of a repository",
    ["facebook/wav2vec2-base"],
    /is not a folder: .*; models are not downloaded automatically: run hf download facebook\/wav2vec2-base --local-dir wav2vec2-base\n$/u,
  ],
  [
    "layers that are no numbers",
    [".", "--seed-layers", "0,one"],
    /^unfold: --seed-layers: expected whole numbers from 0 separated by commas, such as 0,1,2, got '0,one'\n$/u,
  ],
  ["no blocks", [".", "--seed-blocks", "0"], /^unfold: --seed-blocks: expected a whole number from 1, got '0'\n$/u],
  [
    "a depth that is none",
    [".", "--depth", "x"],
    /^unfold: --depth: expected whole numbers from 1 to 1000 .*, got 'x'\n$/u,
  ],
  [
    "a recipe and what it decides",
    [".", "--recipe", "8-to-12", "--depth", "12"],
    /^unfold: --recipe 8-to-12 already sets layers and depths: leave out --depth\n$/u,
  ],
  [
    "layers to keep by nothing",
    [".", "--keep", "2"],
    /^unfold: --keep needs --by, the file that unfold sensitivity --json writes\n$/u,
  ],
  [
    "a measurement without a number of layers",
    [".", "--by", "s.json"],
    /^unfold: --by needs --keep: how many layers to keep\n$/u,
  ],
  [
    "no layers to keep",
    [".", "--keep", "0", "--by", "s.json"],
    /^unfold: --keep: expected a whole number from 1, got '0'\n$/u,
  ],
  [
    "two choices of layers",
    [".", "--keep", "2", "--by", "s.json", "--seed-layers", "0"],
    /^unfold: --keep already chooses the layers: leave out --seed-layers\n$/u,
  ],
  [
    "a recipe and layers to keep",
    [".", "--recipe", "8-to-12", "--keep", "8"],
    /^unfold: --recipe 8-to-12 already sets layers and depths: leave out --keep\n$/u,
  ],
  ["a pick of nothing", [".", "--pick", "first"], /^unfold: --pick needs --seed-blocks: how many layers to take\n$/u],
])("refuses %s in one sentence, and writes nothing", async (_, words, message) => {
  const { status, stdout, stderr } = await running("import", ...words, "--out", at("x.safetensors"));
  expect(stderr).toMatch(message);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(readdirSync(folder).filter((name) => name.startsWith("x."))).toEqual([]);
});
