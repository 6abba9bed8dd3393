import type * as z from "zod";
import { snakeKeys } from "./camel_case.ts";
import type { completeConfig } from "./complete.ts";
import { configSchema } from "./schema/schema.ts";
import { sectionAt } from "./schema/keys.ts";

/** A valid, complete config. Keys are the YAML keys in camelCase; paths are absolute. */
export type TrainConfig = ReturnType<typeof completeConfig>;

/** A config as plain JSON values with YAML keys, in schema order. `restoreConfig` reads it back. */
export function plainConfig(config: TrainConfig): Record<string, unknown> {
  const { test, ...data } = config.data;
  const plain = snakeKeys({ ...config, data, schedule: plainSchedule(config.schedule) }) as { data: object };
  // Test set names are the user's own and stay unchanged.
  const tests = Object.fromEntries(test.map(({ name, manifest }) => [name, manifest]));
  return inSchemaOrder(configSchema, { ...plain, data: { ...plain.data, test: tests } }) as Record<string, unknown>;
}

/** A schedule with only the keys of its kind. */
export function plainSchedule(schedule: TrainConfig["schedule"]): object {
  const { holdSteps, decaySteps, initialFactor, finalFactor, ...others } = schedule;
  return others.kind === "tri_stage" ? { ...others, holdSteps, decaySteps, initialFactor, finalFactor } : others;
}

/** Plain values with their keys in a schema's order. */
export function inSchemaOrder(schema: z.core.$ZodType, value: unknown, at: string[] = []): unknown {
  const section = sectionAt(schema, at);
  if (!section || typeof value !== "object" || value === null) return value;
  const given = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(section.shape)
      .filter((key) => key in given)
      .map((key) => [key, inSchemaOrder(schema, given[key], [...at, key])]),
  );
}
