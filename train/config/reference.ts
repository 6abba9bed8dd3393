import { configSchema } from "./schema.ts";
import { describeKeys } from "./schema_keys.ts";

/** All keys of a config with their defaults and meanings, as a Markdown table a section. */
export function configReference(): string {
  const keys = describeKeys(configSchema);
  const table = (rows: typeof keys) =>
    ["| key | default | meaning |", "|---|---|---|", ...rows.map((key) => `| \`${key.path.at(-1)}\` | ${key.default === null ? "" : `\`${key.default}\``} | ${escape(key.description)} |`)].join("\n");
  const single = table(keys.filter(({ path, section }) => path.length === 1 && !section));
  const sections = keys.filter(({ section }) => section).map(({ path: section, description }) => {
    const inside = keys.filter(({ path, section: nested }) => !nested && path.length === section.length + 1 && section.every((key, i) => path[i] === key));
    return `### ${section.join(".")}\n\n${escape(description)}\n\n${table(inside)}`;
  });
  return [single, ...sections].join("\n\n") + "\n";
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}
