import { Command, type Argument, type Option } from "commander";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./markdown.ts";

/** The command reference: every verb with its arguments and options, from the definitions that `--help` prints. */
export async function commandReference(): Promise<string> {
  const program = new Command("unfold");
  for (const file of readdirSync(join(ROOT, "cli")).filter((name) => name.endsWith(".ts") && name !== "main.ts")) {
    const verb = (await import(pathToFileURL(join(ROOT, "cli", file)).href)) as { register?: (to: Command) => void };
    verb.register?.(program);
  }
  const verbs = [...program.commands].sort((a, b) => a.name().localeCompare(b.name()));
  return [
    "# Every verb and option",
    "Generated from the program's own definitions, which `npx unfold VERB --help` prints. [The overview](../command-line.md) says what each is for.",
    ...verbs.flatMap((verb) => section(verb, "unfold")),
    "",
  ].join("\n\n");
}

function section(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const words = command.registeredArguments.map(argumentWord);
  const options = command.options.filter(({ hidden }) => !hidden);
  return [
    `${"#".repeat(name.split(" ").length)} ${name}`,
    ...(command.description() === "" ? [] : [plain(command.description())]),
    ...(command.commands.length > 0
      ? []
      : [["```text", [name, ...words, ...(options.length > 0 ? ["[options]"] : [])].join(" "), "```"].join("\n")]),
    ...table("argument", command.registeredArguments.map(argumentRow)),
    ...table("option", options.map(optionRow)),
    ...command.commands.flatMap((inner) => section(inner, name)),
  ];
}

const argumentWord = (argument: Argument): string => {
  const word = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${word}>` : `[${word}]`;
};

type Row = readonly [word: string, meaning: string, fallback: unknown, choices: readonly string[] | undefined];

const argumentRow = (argument: Argument): Row => [
  argumentWord(argument),
  argument.description,
  argument.defaultValue,
  argument.argChoices,
];
const optionRow = (option: Option): Row => [
  option.flags,
  option.description,
  option.negate ? undefined : (option.defaultValueDescription ?? option.defaultValue),
  option.argChoices,
];

function table(kind: string, rows: readonly Row[]): string[] {
  if (rows.length === 0) return [];
  const lines = rows.map(([word, meaning, fallback, choices]) => {
    const choice = choices ? ` One of ${choices.map((value) => `\`${value}\``).join(", ")}.` : "";
    return `| \`${word.replaceAll("|", "\\|")}\` | ${plain(meaning)}${choice} | ${shownDefault(fallback)} |`;
  });
  return [[`| ${kind} | meaning | default |`, "|---|---|---|", ...lines].join("\n")];
}

const shownDefault = (value: unknown): string =>
  value === undefined || value === false || (Array.isArray(value) && value.length === 0) ? "" : `\`${String(value)}\``;

/** A sentence of the program in a table's cell: nothing in it is markup. */
export const plain = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("|", "\\|")
    .replaceAll("*", "\\*")
    .replace(/\s*\n\s*/gu, " ");
