import { Option, type Command } from "commander";
import { UserError } from "../engine/errors.ts";
import { normaliseText } from "../model/units/normal_form.ts";
import { readTokenizer } from "../data/tokenizer/tokenizer_file.ts";
import { trainTokenizer } from "../data/tokenizer/train_tokenizer.ts";
import { terminalObserver } from "./terminal/observer.ts";

interface TrainOptions {
  size?: number;
  out: string;
  kind: "bpe" | "characters";
  force?: true;
}

export function register(program: Command): void {
  const command = program
    .command("tokenizer")
    .description("Make a tokenizer.json of subwords for a config's units, or see how one splits texts.");
  command
    .command("train <manifest...>")
    .description(
      "Learn subwords from the texts of manifests by byte-pair encoding, and write them in the format of Hugging Face's tokenizers.",
    )
    .option("--size <tokens>", "number of tokens including <blank> and <unk>, which are the model's classes", parseSize)
    .requiredOption("--out <file>", "the tokenizer.json to write")
    .addOption(
      new Option("--kind <kind>", "bpe, or characters, which merges nothing and takes no --size")
        .choices(["bpe", "characters"])
        .default("bpe"),
    )
    .option("--force", "overwrite an existing file")
    .action(runTrain);
  command
    .command("encode <tokenizer> <text>")
    .description("Print the pieces of a text, one per line, each with its class in the model.")
    .action(runEncode);
}

async function runTrain(manifests: string[], { size, out, kind, force }: TrainOptions): Promise<void> {
  if (kind === "bpe" && size === undefined) throw new UserError("--size: expected the number of tokens, such as 500");
  if (kind === "characters" && size !== undefined)
    throw new UserError("--size: cannot be combined with --kind characters, whose number depends on the texts");
  const { units, texts, labelsPerText, charactersPerText } = await trainTokenizer({
    manifests,
    kind,
    size: size ?? null,
    out,
    force: force === true,
    observer: terminalObserver(),
  });
  process.stdout.write(
    `${out}: ${units.size} tokens from ${texts} texts; ${labelsPerText.toFixed(1)} tokens per text, which has ${charactersPerText.toFixed(1)} characters on average\n`,
  );
}

function runEncode(tokenizer: string, text: string): void {
  const units = readTokenizer(tokenizer);
  for (const label of units.encode(normaliseText(text))) process.stdout.write(`${label}\t${units.tokens[label]}\n`);
}

function parseSize(text: string): number {
  if (!/^[1-9]\d{0,6}$/u.test(text))
    throw new UserError(`--size: expected a whole number from 1 to 9999999, got '${text}'`);
  return Number(text);
}
