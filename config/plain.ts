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
