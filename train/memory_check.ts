import type { Device } from "../engine/device.ts";
import { RunError, UserError } from "../engine/errors.ts";
import type { TrainConfig } from "./config.ts";
import { loadTrainingData } from "./data/training_data.ts";
import { largestBatch, type BatchMember } from "./largest_batch.ts";
import type { PlanRecord } from "./log_records.ts";
import { memoryAdvice } from "./memory_advice.ts";
import { memoryLimit } from "./memory_limit.ts";
import { planMemory } from "./memory_plan.ts";
import { memoryTable } from "./memory_table.ts";
import { formatBytes } from "./number_format.ts";
import type { RunObserver } from "./run_observer.ts";

export interface CheckedPlan {
  /** Undefined where a tensor is larger than any of the device's buffers. */
  readonly record: PlanRecord | undefined;
  readonly warnings: readonly string[];
}

/**
 * Plans the memory of the largest batch of these utterances, shows the plan and compares it with what there is. Where it
 * does not fit, `memory.check` decides: a UserError with advice before the first epoch, or a warning that says the same.
 *
 * @param vocabulary output units, the blank included
 * @param show       gets the plan as a table
 */
export function checkMemory(device: Device, config: TrainConfig, vocabulary: number, utterances: readonly BatchMember[], show: (table: string) => void): CheckedPlan {
  const { record, fault } = planRun(device, config, vocabulary, utterances);
  if (record) show(memoryTable(record));
  if (fault === undefined) return { record, warnings: [] };
  if (config.memory.check) throw new UserError(record ? `${fault}; memory.check=false tries it all the same` : fault);
  return { record, warnings: [fault] };
}

/** The check alone, without a run: reads the data of a config and shows what training on it would need. */
export async function planTraining(device: Device, config: TrainConfig, observer: RunObserver, show: (table: string) => void): Promise<CheckedPlan> {
  const { augmented, units, source } = await loadTrainingData(config, undefined, observer);
  source.close();
  return checkMemory(device, config, units.size, augmented.longest(), show);
}

function planRun(device: Device, config: TrainConfig, vocabulary: number, utterances: readonly BatchMember[]): { record?: PlanRecord; fault?: string } {
  const batch = largestBatch(utterances, config.batch);
  const limit = memoryLimit(device, config.memory.limitGib);
  const fitsWith = (): string => {
    const advice = memoryAdvice(device, config, vocabulary, utterances, limit?.bytes ?? Infinity);
    return advice === undefined ? "no smaller batch fits either: leave out the longest utterances, or take a smaller model" : `it fits with ${advice}`;
  };
  const subject = `the largest batch (${batch.size} x ${batch.frames} frames)`;
  try {
    const record: PlanRecord = { type: "plan", ...planMemory(device, config, vocabulary, batch), limit };
    const { reservedBytes, depths } = record.joint;
    if (!limit || reservedBytes <= limit.bytes) return { record };
    const needs = `${subject} needs ${formatBytes(reservedBytes)} of device memory to train depths ${depths.join(" + ")}`;
    return { record, fault: `${needs}, and there are ${formatBytes(limit.bytes)} (${limit.source}): ${fitsWith()}` };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { fault: `${subject} does not fit: ${error.message}: ${fitsWith()}` };
  }
}
