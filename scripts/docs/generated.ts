import { posix } from "node:path";
import { configReference, languageModelReference } from "../../config/reference.ts";
import { commandReference } from "./commands.ts";
import { kernelPages } from "./kernels.ts";
import { GENERATED, type Pages } from "./markdown.ts";

/** All pages that are made from the code, except those of the programming interface, which TypeDoc makes. */
export async function generatedPages(): Promise<Pages> {
  return {
    [`${GENERATED}/commands.md`]: await commandReference(),
    [`${GENERATED}/configuration.md`]: configurationPage(),
    ...(await kernelPages()),
  };
}

function configurationPage(): string {
  return [
    "# Every key of a config",
    "Generated from the schema that configs are checked against; `npx unfold config` prints the first part, `npx unfold lm config` the second. [Train on your own speech](../../guide/own-speech.md) has a config to start from.",
    "## A recogniser",
    escaped(configReference()),
    "## A language model",
    escaped(languageModelReference()),
  ].join("\n\n");
}

/** Angle brackets outside code are no tags. */
const escaped = (page: string): string =>
  page
    .split(/(`[^`\n]*`)/u)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll("<", "&lt;")))
    .join("");

/** An example's page as part of the site: its links lead from docs/examples instead of its folder. */
export const exampleCopy = (name: string, page: string): string =>
  escaped(
    page.replace(/(\]\()(?![a-z]+:|#)([^)\s]+)\)/gu, (_, open: string, target: string) => {
      const path = posix.normalize(posix.join("examples", name, target));
      return `${open}${posix.relative("docs/examples", path)})`;
    }),
  );
