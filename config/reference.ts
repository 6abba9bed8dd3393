import type * as z from "zod";
import { languageModelSchema } from "./language/schema.ts";
import { configSchema } from "./schema/schema.ts";
import { describeKeys, type KeyDescription } from "./schema/keys.ts";

/** All config keys with their defaults and meanings: one Markdown table per section, or per kind of section. */
export const configReference = (): string => referenceOf(configSchema);

/** The same of a language model's config. */
export const languageModelReference = (): string => referenceOf(languageModelSchema);

function referenceOf(schema: z.ZodType): string {
  const keys = describeKeys(schema);
  const table = (rows: typeof keys) => ["| key | default | meaning |", "|---|---|---|", ...rows.map(rowOf)].join("\n");
  const single = table(keys.filter(({ path, section }) => path.length === 1 && !section));
  const sections = keys
    .filter(({ section }) => section)
    .map(({ path: section, description }) => {
      const inside = keys.filter(
        ({ path, section: nested }) =>
          !nested && path.length === section.length + 1 && section.every((key, i) => path[i] === key),
      );
      const kinds = [...new Set(inside.map((key) => key.kinds.join(", ")))];
      const tables = kinds.map(
        (kind) =>
          `${kind === "" ? "" : `Of kind ${kind}:\n\n`}${table(inside.filter((key) => key.kinds.join(", ") === kind))}`,
      );
      return `### ${section.join(".")}\n\n${escape(description)}\n\n${tables.join("\n\n")}`;
    });
  return [single, ...sections].join("\n\n") + "\n";
}

function rowOf({ path, default: value, description, choices }: KeyDescription): string {
  const choice = choices.length > 0 ? ` One of ${choices.map((word) => `\`${word}\``).join(", ")}.` : "";
  return `| \`${path.at(-1)}\` | ${value === null ? "" : `\`${value}\``} | ${escape(description)}${choice} |`;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
