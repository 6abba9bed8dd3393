import { UserError } from "../../engine/errors.ts";
import { decoderDefaults } from "../../model/decoder/attention_decoder.ts";
import type { LanguageModelConfig } from "../../model/language/transformer_lm.ts";
import { camelKeys, snakeKeys } from "../camel_case.ts";
import { unitsFaults } from "../checks/cross_checks.ts";
import { faultSentence, schemaFaults, type Fault, type SourceOf } from "../checks/faults.ts";
import { runFaults } from "../checks/run.ts";
import { completeInterval, completeLength, completeSchedule, type ConfigPlaces } from "../complete.ts";
import { unchangedPaths } from "../config.ts";
import { inSchemaOrder, plainSchedule } from "../plain.ts";
import type * as z from "zod";
import { languageModelSchema } from "./schema.ts";

type Parsed = z.output<typeof languageModelSchema>;

/** A valid, complete config of a language model. Keys are the YAML keys in camelCase; paths are absolute. */
export type LmTrainConfig = ReturnType<typeof complete>;

/**
 * Checks a config's values and fills in defaults.
 *
 * @param sourceOf gives a key's location for messages
 * @throws UserError with one line per fault
 */
export function checkLanguageModelConfig(value: unknown, places: ConfigPlaces, sourceOf: SourceOf): LmTrainConfig {
  const parsed = languageModelSchema.safeParse(value);
  const faults = parsed.success
    ? crossChecks(parsed.data)
    : schemaFaults(parsed.error.issues, value, languageModelSchema);
  if (faults.length > 0) throw new UserError(faults.map((fault) => faultSentence(fault, sourceOf)).join("\n"));
  return complete(parsed.data!, places);
}

/** Restores a config from a checkpoint or a log. Throws UserError as `checkLanguageModelConfig` does. */
export const restoreLanguageModelConfig = (plain: unknown, source: string): LmTrainConfig =>
  checkLanguageModelConfig(plain, unchangedPaths, () => source);

/** A config as plain JSON values with YAML keys, in schema order. `restoreLanguageModelConfig` reads it back. */
export const plainLanguageModelConfig = (config: LmTrainConfig): Record<string, unknown> =>
  inSchemaOrder(languageModelSchema, snakeKeys({ ...config, schedule: plainSchedule(config.schedule) })) as Record<
    string,
    unknown
  >;

/** @param classes number of the units' classes */
export const languageModelConfig = (
  { model }: LmTrainConfig,
  { size, blank }: { readonly size: number; readonly blank: number },
): LanguageModelConfig => ({ layerNormEps: decoderDefaults.layerNormEps, ...model, vocabulary: size + 1, blank });

function crossChecks(config: Parsed): Fault[] {
  const { model, units, units_of: unitsOf } = config;
  const faults: Fault[] = [...unitsFaults(config, unitsOf !== null), ...runFaults(config)];
  if (model.dim % 2 !== 0 || model.dim % model.heads !== 0)
    faults.push({
      path: ["model", "dim"],
      message: `is ${model.dim}, which is not a multiple of 2 and of model.heads ${model.heads}`,
    });
  for (const key of ["tokenizer", "vocabulary"] as const)
    if (unitsOf !== null && units[key] != null)
      faults.push({ path: ["units", key], message: "cannot be given together with units_of, which gives the units" });
  return faults;
}

function complete(parsed: Parsed, { base, data: dataFolder, resolve }: ConfigPlaces) {
  const { data, units, batch } = parsed;
  const folder = dataFolder !== undefined ? resolve(dataFolder) : resolve(base, data.folder ?? ".");
  const files = (given: string | string[]): string[] => [given].flat().map((file) => resolve(folder, file));
  const beside = (file: string | null | undefined): string | null => (file == null ? null : resolve(base, file));
  return camelKeys({
    ...parsed,
    data: { folder, train: files(data.train), dev: files(data.dev) },
    units_of: beside(parsed.units_of),
    units: { ...units, tokenizer: beside(units.tokenizer), vocabulary: beside(units.vocabulary) },
    batch: { ...batch, size: batch.size ?? (batch.tokens == null ? 32 : null), tokens: batch.tokens ?? null },
    schedule: completeSchedule(parsed.schedule),
    ...completeLength(parsed, 10),
    eval: { ...parsed.eval, ...completeInterval(parsed.eval) },
  });
}
