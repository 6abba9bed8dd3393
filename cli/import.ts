import { type Command, Option } from "commander";
import { UserError } from "../engine/errors.ts";
import { importModel } from "../checkpoint/hugging_face/import_model.ts";
import { importSummary } from "../checkpoint/hugging_face/import_summary.ts";
import { recipes } from "../checkpoint/hugging_face/layer_choice.ts";
import { parseDepthNumbers } from "./options/depths.ts";

interface ImportFlags {
  out: string;
  seedLayers?: string;
  seedBlocks?: string;
  pick?: "even" | "first";
  depth?: string;
  order: "repeat" | "cycle";
  recipe?: keyof typeof recipes;
  force?: true;
}

export function register(program: Command): void {
  program
    .command("import")
    .argument(
      "<folder>",
      "a folder as written by save_pretrained of Hugging Face transformers: config.json, model.safetensors and, for a fine-tuned model, vocab.json",
    )
    .description(
      "Convert a wav2vec 2.0, HuBERT or wav2vec2-Conformer model into a checkpoint: a seed of some of its layers, which unfolds to any depth. A run starts from it with `init`; a model with a trained output layer can be used directly.",
    )
    .requiredOption("--out <file>", "the .safetensors file to write")
    .option(
      "--seed-layers <layers>",
      "layers that become the seed's blocks, counted from 0, such as 0,1,2,3 (default: all)",
    )
    .option("--seed-blocks <number>", "instead, the number of blocks in the seed, chosen by --pick")
    .addOption(
      new Option(
        "--pick <which>",
        "with --seed-blocks: even, spread from the first layer to the last, or first",
      ).choices(["even", "first"]),
    )
    .option("--depth <depths>", "depths to which the seed unfolds, such as 12 or 10,12 (default: the seed's own)")
    .addOption(
      new Option("--order <order>", "order of the blocks in deeper paths: repeat (0 0 1 1) or cycle (0 1 0 1)")
        .choices(["repeat", "cycle"])
        .default("repeat"),
    )
    .addOption(
      new Option(
        "--recipe <name>",
        "instead of the options for layers and depths: 8-to-12 or 6-to-12, evenly picked blocks that unfold to 12 layers",
      ).choices(Object.keys(recipes)),
    )
    .option("--force", "overwrite an existing file")
    .action(runImport);
}

function runImport(
  folder: string,
  { out, seedLayers, seedBlocks, pick, depth, order, recipe, force }: ImportFlags,
): void {
  const given = Object.entries({
    "--seed-layers": seedLayers,
    "--seed-blocks": seedBlocks,
    "--pick": pick,
    "--depth": depth,
  }).find(([, value]) => value !== undefined);
  if (recipe && given) throw new UserError(`--recipe ${recipe} already sets layers and depths: leave out ${given[0]}`);
  if (pick && seedBlocks === undefined) throw new UserError("--pick needs --seed-blocks: how many layers to take");
  const choice = recipe
    ? recipes[recipe]
    : {
        seedLayers: parseLayers(seedLayers),
        seedBlocks: parseBlocks(seedBlocks),
        pick,
        depths: parseDepthNumbers(depth, "--depth") ?? [],
      };
  const imported = importModel(folder, out, { ...choice, order, force: force === true });
  process.stdout.write(importSummary(imported, out));
}

function parseLayers(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,4}(,\d{1,4})*$/u.test(text))
    throw new UserError(
      `--seed-layers: expected whole numbers from 0 separated by commas, such as 0,1,2, got '${text}'`,
    );
  return text.split(",").map(Number);
}

function parseBlocks(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/u.test(text))
    throw new UserError(`--seed-blocks: expected a whole number from 1, got '${text}'`);
  return Number(text);
}
