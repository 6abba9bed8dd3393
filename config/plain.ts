import { Document, visit } from "yaml";
import { snakeKeys } from "./camel_case.ts";
import type { completeConfig } from "./complete.ts";
import { configSchema } from "./schema/schema.ts";
import { sectionAt } from "./schema/keys.ts";

/** A config that is valid and complete. Keys are those of the YAML file in camelCase; paths are absolute. */
export type TrainConfig = ReturnType<typeof completeConfig>;

/** A config as plain JSON values with the keys of YAML, in the order of the schema. `restoreConfig` turns it back. */
export function plainConfig(config: TrainConfig): Record<string, unknown> {
  const { test, ...data } = config.data;
  const { holdSteps, decaySteps, initialFactor, finalFactor, ...schedule } = config.schedule;
  const triStage = schedule.kind === "tri_stage" ? { holdSteps, decaySteps, initialFactor, finalFactor } : {};
  const plain = snakeKeys({ ...config, data, schedule: { ...schedule, ...triStage } }) as { data: object };
  // Names of test sets are the user's own and stay as they are.
  const tests = Object.fromEntries(test.map(({ name, manifest }) => [name, manifest]));
  return inSchemaOrder({ ...plain, data: { ...plain.data, test: tests } }, []) as Record<string, unknown>;
}

/** A config as YAML for a reader: short lists on one line, files relative to the data folder, which is left out. */
export function configToYaml(config: TrainConfig): string {
  const { folder, train, dev, test, ...data } = config.data;
  const within = (file: string) => relativePath(folder, file);
  const tests = test.map(({ name, manifest }) => ({ name, manifest: within(manifest) }));
  const cmvn = data.cmvn === null ? null : within(data.cmvn);
  const tokenizer = config.units.tokenizer === null ? null : within(config.units.tokenizer);
  const vocabulary = config.units.vocabulary === null ? null : within(config.units.vocabulary);
  const init = config.init === null ? null : within(config.init);
  const lm = config.eval.lm && { ...config.eval.lm, arpa: within(config.eval.lm.arpa) };
  const augment = config.augment && {
    ...config.augment,
    noise: config.augment.noise && { ...config.augment.noise, manifest: within(config.augment.noise.manifest) },
  };
  const shown = plainConfig({
    ...config,
    init,
    augment,
    units: { ...config.units, tokenizer, vocabulary },
    eval: { ...config.eval, lm },
    data: { ...data, cmvn, folder: "", train: within(train), dev: within(dev), test: tests },
  });
  delete (shown["data"] as { folder?: string }).folder;
  const document = new Document(shown);
  visit(document, { Seq: (_, list) => void (list.flow = true) });
  return document.toString({ flowCollectionPadding: false });
}

/** The way from a folder to a file, both absolute, with slashes. */
function relativePath(folder: string, file: string): string {
  const [from, to] = [folder, file].map((path) => path.split(/[\\/]/u).filter((name) => name !== "")) as [
    string[],
    string[],
  ];
  const parts = from.findIndex((name, i) => name !== to[i]);
  const shared = parts < 0 ? from.length : parts;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/");
}

function inSchemaOrder(value: unknown, at: string[]): unknown {
  const section = sectionAt(configSchema, at);
  if (!section || typeof value !== "object" || value === null) return value;
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(section.shape)
      .filter((key) => key in given)
      .map((key) => [key, inSchemaOrder(given[key], [...at, key])]),
  );
}
