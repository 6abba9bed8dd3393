import type { LogRecord } from "../log_records.ts";
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
        scalar("optimizer/learning_rate", record.learningRate),
        scalar("optimizer/grad_norm", record.gradNorm),
        scalar("optimizer/loss_scale", record.lossScale),
        scalar("optimizer/skipped_steps", record.skippedSteps),
        scalar("speed/frames_per_second", record.framesPerSecond),
        scalar("speed/data_wait_share", record.dataWaitShare),
        scalar("memory/gpu_bytes", record.gpuBytes),
      ].flat();
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

const scalar = (tag: string, simpleValue: number | undefined): Scalar[] =>
  simpleValue === undefined ? [] : [{ tag, simpleValue }];

const perDepth = (tag: string, values: PerDepth): Scalar[] =>
  Object.entries(values).flatMap(([depth, value]) => scalar(`${tag}depth_${depth}`, value));
