import { snakeKeys } from "./camel_case.ts";
import type { completeConfig } from "./complete.ts";
import { configSchema } from "./schema/schema.ts";
import { sectionAt } from "./schema/keys.ts";

/** A valid, complete config. Keys are the YAML keys in camelCase; paths are absolute. */
export type TrainConfig = ReturnType<typeof completeConfig>;

/** A config as plain JSON values with YAML keys, in schema order. `restoreConfig` reads it back. */
export function plainConfig(config: TrainConfig): Record<string, unknown> {
  const { test, ...data } = config.data;
  const { holdSteps, decaySteps, initialFactor, finalFactor, ...schedule } = config.schedule;
  const triStage = schedule.kind === "tri_stage" ? { holdSteps, decaySteps, initialFactor, finalFactor } : {};
  const plain = snakeKeys({ ...config, data, schedule: { ...schedule, ...triStage } }) as { data: object };
  // Test set names are the user's own and stay unchanged.
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
