import { type Command, Option } from "commander";
import { UserError } from "../engine/errors.ts";
import { importModel } from "../checkpoint/hugging_face/import_model.ts";
import { importSummary } from "../checkpoint/hugging_face/import_summary.ts";
import type { KeptLayers } from "../checkpoint/hugging_face/kept_layers.ts";
import { recipes } from "../checkpoint/hugging_face/layer_choice.ts";
import { parseDepthNumbers } from "./options/depths.ts";

interface ImportFlags {
  out: string;
  seedLayers?: string;
  seedBlocks?: string;
  pick?: "even" | "first";
  keep?: string;
  by?: string;
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
    .option(
      "--keep <number>",
      "instead, how many layers to keep: those that --by says hurt most when left out, in their original order; of equal ones the earlier",
    )
    .option("--by <file>", "with --keep: what unfold sensitivity --json wrote of a checkpoint of all layers")
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
  { out, seedLayers, seedBlocks, pick, keep, by, depth, order, recipe, force }: ImportFlags,
): void {
  const firstGiven = (options: Record<string, string | undefined>): string | undefined =>
    Object.keys(options).find((name) => options[name] !== undefined);
  const picking = { "--seed-layers": seedLayers, "--seed-blocks": seedBlocks, "--pick": pick };
  const beside = recipe && firstGiven({ ...picking, "--keep": keep, "--by": by, "--depth": depth });
  if (beside) throw new UserError(`--recipe ${recipe} already sets layers and depths: leave out ${beside}`);
  const other = keep && firstGiven(picking);
  if (other) throw new UserError(`--keep already chooses the layers: leave out ${other}`);
  if (pick && seedBlocks === undefined) throw new UserError("--pick needs --seed-blocks: how many layers to take");
  const choice = recipe
    ? recipes[recipe]
    : {
        seedLayers: parseLayers(seedLayers),
        seedBlocks: parseCount("--seed-blocks", seedBlocks),
        pick,
        keep: parseKeep(keep, by),
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

function parseKeep(keep: string | undefined, by: string | undefined): KeptLayers | undefined {
  const layers = parseCount("--keep", keep);
  if (layers !== undefined && by !== undefined) return { layers, by };
  if (layers !== undefined) throw new UserError("--keep needs --by, the file that unfold sensitivity --json writes");
  if (by !== undefined) throw new UserError("--by needs --keep: how many layers to keep");
  return undefined;
}

function parseCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/u.test(text)) throw new UserError(`${option}: expected a whole number from 1, got '${text}'`);
  return Number(text);
}
