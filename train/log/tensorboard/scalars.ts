import type { LanguageModelStepRecord, LogRecord, StepRecord } from "../log_records.ts";
import type { PerDepth } from "../../../checkpoint/state.ts";
import type { Scalar } from "./event_schema.ts";

/** The scalars to plot from a log record. TensorBoard groups tags with a common prefix. */
export function scalarsOf(record: LogRecord): Scalar[] {
  switch (record.type) {
    case "step":
      return [
        scalar("loss/joint", record.loss),
        ...perDepth("loss/ctc_", record.ctc),
        ...(record.attention ? perDepth("loss/attention_", record.attention) : []),
        scalar("loss/kl", record.kl),
        ...optimizerScalars(record),
        scalar("speed/frames_per_second", record.framesPerSecond),
        ...machineScalars(record),
      ].flat();
    case "lm_step":
      return [
        scalar("loss/cross_entropy", record.loss),
        ...optimizerScalars(record),
        scalar("speed/tokens_per_second", record.tokensPerSecond),
        ...machineScalars(record),
      ].flat();
    case "lm_dev":
      return [scalar("dev/perplexity", record.perplexity), scalar("dev/word_perplexity", record.wordPerplexity)].flat();
    case "dev":
      return [
        ...perDepth("dev/wer_", record.wer),
        ...perDepth("dev/cer_", record.cer),
        ...perDepth("dev/loss_", record.loss ?? {}),
        ...(typeof record.blankRatio === "number"
          ? scalar("dev/blank_ratio", record.blankRatio)
          : perDepth("dev/blank_ratio_", record.blankRatio)),
      ];
    case "result":
      return record.rows.flatMap(({ depth, wer, cer }) => [
        ...scalar(`test/${record.set}/wer_depth_${depth}`, wer),
        ...scalar(`test/${record.set}/cer_depth_${depth}`, cer),
      ]);
    default:
      return [];
  }
}

type AnyStep = StepRecord | LanguageModelStepRecord;

const optimizerScalars = ({ learningRate, gradNorm, lossScale, skippedSteps }: AnyStep): Scalar[][] => [
  scalar("optimizer/learning_rate", learningRate),
  scalar("optimizer/grad_norm", gradNorm),
  scalar("optimizer/loss_scale", lossScale),
  scalar("optimizer/skipped_steps", skippedSteps),
];

const machineScalars = ({ dataWaitShare, gpuBytes }: AnyStep): Scalar[][] => [
  scalar("speed/data_wait_share", dataWaitShare),
  scalar("memory/gpu_bytes", gpuBytes),
];

const scalar = (tag: string, simpleValue: number | undefined): Scalar[] =>
  simpleValue === undefined ? [] : [{ tag, simpleValue }];

const perDepth = (tag: string, values: PerDepth): Scalar[] =>
  Object.entries(values).flatMap(([depth, value]) => scalar(`${tag}depth_${depth}`, value));
