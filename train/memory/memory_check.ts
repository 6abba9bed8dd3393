import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { hasDecoder, modelFrames } from "../../config/model_config.ts";
import type { TrainConfig } from "../../config/config.ts";
import { evaluationBatches } from "../../data/batches/evaluation_batches.ts";
import type { TrainingData } from "../../data/training_data.ts";
import { originOf } from "../../checkpoint/load_config.ts";
import { loadRunData } from "../run_data.ts";
import { expectStart } from "../../checkpoint/initial_weights.ts";
import { batchLoad, largestBatch, type BatchMember } from "./largest_batch.ts";
import type { PlanRecord } from "../log/log_records.ts";
import { evaluationAdvice, memoryAdvice } from "./memory_advice.ts";
import { memoryLimit } from "./memory_limit.ts";
import { chooseCheckpointing } from "./choose_checkpointing.ts";
import { planMemory, planStep } from "./memory_plan.ts";
import { planEvaluation, type BatchShape } from "../../recognition/memory.ts";
import { totalBytes, unlessTooLarge } from "./unless_too_large.ts";
import { memoryTable } from "./memory_table.ts";
import { formatBytes } from "../../data/text/number_format.ts";
import { referenceLabels } from "../../recognition/evaluation/evaluate.ts";
import type { RunObserver } from "../run/run_observer.ts";

/** The data that memory is planned for. */
export interface PlannedData {
  /** Output units, the blank included. */
  readonly vocabulary: number;
  /** The training set, each utterance as long as augmentation can make it. */
  readonly training: readonly BatchMember[];
  /** The dev set and the test sets. */
  readonly evaluated: readonly (readonly BatchMember[])[];
}

/** The part of a run's data that memory is planned for. Dev texts count, since their CTC loss is logged. */
export function plannedData(
  config: TrainConfig,
  { augmented, dev, tests, units }: Pick<TrainingData, "augmented" | "dev" | "tests" | "units">,
): PlannedData {
  const frames = modelFrames(config);
  const spoken = dev.utterances.map((utterance) => ({
    frames: utterance.frames,
    labels: referenceLabels(utterance, units, frames) ?? [],
  }));
  return {
    vocabulary: units.size,
    training: augmented.longest(),
    evaluated: [spoken, ...tests.map(({ set }) => set.utterances)],
  };
}

export interface CheckedPlan {
  /** With `unfold.checkpointing` decided. */
  readonly config: TrainConfig;
  /** Undefined if a tensor does not fit into any buffer of the device. */
  readonly record: PlanRecord | undefined;
  readonly warnings: readonly string[];
}

/**
 * Plans the memory of the largest training and evaluation batches, shows the plan and compares it with the available
 * memory. If the plan does not fit, `memory.check` decides between a UserError with advice before the first epoch and a
 * warning saying the same. If it fits, the device's pool is held to the limit from now on.
 *
 * @param show receives the plan as a table
 */
export function checkMemory(
  device: Device,
  given: TrainConfig,
  data: PlannedData,
  show: (table: string) => void,
): CheckedPlan {
  const { config, record, fault, message } = plan(device, given, data);
  if (record) show(memoryTable(record));
  if (message !== undefined) show(message);
  if (fault === undefined) {
    device.pool.budget = record?.limit?.bytes ?? Infinity; // batches of many shapes would leave more idle buffers than the largest batch needs
    return { config, record, warnings: [] };
  }
  if (config.memory.check) throw new UserError(fault);
  return { config, record, warnings: [fault] };
}

/** The check alone, without a run: reads a config's data, of which it warns as training does, and shows what that would need. */
export async function planTraining(
  device: Device,
  config: TrainConfig,
  observer: RunObserver,
  show: (table: string) => void,
): Promise<CheckedPlan> {
  expectStart(config);
  const data = await loadRunData(device, config, { origin: originOf(config), observer });
  data.close();
  const checked = checkMemory(device, config, plannedData(config, data), show);
  return { ...checked, warnings: [...data.warnings, ...checked.warnings] };
}

function plan(
  device: Device,
  given: TrainConfig,
  { vocabulary, training, evaluated }: PlannedData,
): { config: TrainConfig; record?: PlanRecord; fault?: string; message: string | undefined } {
  const limit = memoryLimit(device, given.memory.limitGib);
  const { stride, paddingMatters } = modelFrames(given);
  const batch = largestBatch(training, given.batch, stride, { decoder: hasDecoder(given) });
  const { config, message } = chooseCheckpointing(given, limit, (tried) =>
    totalBytes(() => planStep(device, tried, vocabulary, batch)),
  );
  const most = limit?.bytes ?? Infinity;
  const ignored = config.memory.check ? ", which memory.check=false ignores" : "";
  const tooMuch = (bytes: number): string | undefined =>
    limit && bytes > most
      ? `needs ${formatBytes(bytes)} of device memory, but only ${formatBytes(most)} are available (${limit.source}${ignored})`
      : undefined;

  const waveformRate = config.features.kind === "waveform" ? config.data.sampleRate : undefined;
  const show = ({ size, frames }: BatchShape): string =>
    `${size} x ${frames} ${waveformRate === undefined ? "frames" : "samples"}`;
  const steps = unlessTooLarge(() => planMemory(device, config, vocabulary, batch));
  const trouble = "error" in steps ? `does not fit: ${steps.error}` : tooMuch(steps.value.joint.totalBytes);
  const record: PlanRecord | undefined =
    "error" in steps
      ? undefined
      : { type: "plan", ...steps.value, ...(waveformRate !== undefined && { waveformRate }), limit };
  if (trouble !== undefined) {
    const changes = memoryAdvice(device, config, vocabulary, training, most);
    const advice =
      changes === undefined
        ? "no smaller batch fits, so leave out the longest utterances or use a smaller model"
        : `it fits with ${changes}`;
    return {
      config,
      message,
      ...(record && { record }),
      fault: `training with ${show(batch)} as the largest batch ${trouble}: ${advice}`,
    };
  }

  const batches = evaluated.flatMap((set) => {
    const lengths = set.map(({ frames }) => frames);
    return evaluationBatches(lengths, config.eval.batchSize, { paddingMatters }).map((members) => ({
      size: members.length,
      frames: lengths[members[0] as number] as number,
    }));
  });
  const labels = evaluated.flat().reduce((most, utterance) => Math.max(most, utterance.labels.length), 1); // of dev, which need not be the set with the largest batch
  const largest = { ...batches.reduce((a, b) => (batchLoad(b, stride) > batchLoad(a, stride) ? b : a)), labels };
  const evaluation = unlessTooLarge(() => planEvaluation(device, config, vocabulary, largest));
  const evaluationTrouble =
    "error" in evaluation ? `does not fit: ${evaluation.error}` : tooMuch(evaluation.value.totalBytes);
  const whole = { ...(record as PlanRecord), ...("value" in evaluation && { evaluation: evaluation.value }) };
  if (evaluationTrouble === undefined) return { config, message, record: whole };
  const change = evaluationAdvice(device, config, vocabulary, largest, most);
  const advice =
    change === undefined
      ? "no smaller batch fits, so leave out the longest utterances of the dev and test sets"
      : `it fits with ${change}`;
  return {
    config,
    message,
    record: whole,
    fault: `evaluation with ${show(largest)} as the largest batch ${evaluationTrouble}: ${advice}`,
  };
}
