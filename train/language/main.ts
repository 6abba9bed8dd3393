import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { UserError } from "../../engine/errors.ts";
import { activationType } from "../../engine/precision.ts";
import type { FloatType } from "../../engine/tensor.ts";
import type { Units } from "../../model/units/units.ts";
import {
  plainLanguageModelConfig,
  restoreLanguageModelConfig,
  type LmTrainConfig,
} from "../../config/language/config.ts";
import { BucketSampler, paddingWarnings } from "../../data/batches/sampler.ts";
import {
  digestOfSentences,
  leftOutWarnings,
  readTextLines,
  spellSentences,
  type Sentence,
} from "../../data/sentences/sentences.ts";
import { TextBatches, type SampledText } from "../../data/sentences/text_batch.ts";
import { trainingUnits } from "../../data/training_units.ts";
import { restoreParameters } from "../../checkpoint/checkpoint.ts";
import {
  loadLanguageModel,
  loadLanguageModelState,
  loadState,
  type OpenCheckpoint,
} from "../../checkpoint/checkpoint_file.ts";
import { buildLanguageModel, declareLanguageModel, type BuiltLanguageModel } from "../../checkpoint/language/build.ts";
import type { LanguageModelState, ScoredLanguageModel } from "../../checkpoint/language/state.ts";
import { perplexityOf } from "../../recognition/language/perplexity.ts";
import { diverged } from "../health/divergence.ts";
import { firstNotFiniteInStep } from "../health/finite_probe.ts";
import { COMMON_METRICS, commonMeans } from "../log/run_metrics.ts";
import {
  changeWarnings,
  dataChanges,
  differences,
  rankChanges,
  samplerStart,
  shapesOf,
  type Change,
} from "../run/config_difference.ts";
import { alone } from "../parallel/communicator.ts";
import { joinRanks } from "../parallel/join.ts";
import { LAST_FILE, type Judging } from "../run/kept_checkpoints.ts";
import { lengthOf, type RunLength } from "../run_length.ts";
import { sharingOf } from "../start_run.ts";
import type { Trainee } from "../trainee.ts";
import { inRunFolder, trainingLoop, type Outcome, type RunOptions } from "../training_loop.ts";
import { languageModelStep } from "./training_step.ts";

/**
 * Trains a language model on texts until the config's last step: the same loop, log and checkpoints as recognisers have.
 *
 * @returns "finished", or "interrupted" if the signal stopped it; `resume` then continues as if nothing had happened
 * @throws UserError also if the folder holds a run and `resume` is not set, or if another process is training in it
 */
export const trainLanguageModel = (device: Device, config: LmTrainConfig, options: RunOptions): Promise<Outcome> =>
  inRunFolder(options, config, async () => {
    const started = await start(device, config, options);
    const warnings = await joinRanks(device, options.ranks ?? alone, {
      config: plainLanguageModelConfig(config),
      data: started.digest,
      parameters: started.built.parameters,
    });
    const trainee = inTraining(device, config, { ...started, warnings: [...started.warnings, ...warnings] });
    return trainingLoop(device, trainee, options);
  });

interface Started {
  readonly units: Units;
  readonly train: readonly Sentence[];
  readonly dev: readonly Sentence[];
  readonly built: BuiltLanguageModel;
  readonly activation: FloatType;
  readonly batches: TextBatches;
  readonly digest: string;
  readonly length: RunLength;
  readonly resumed: LanguageModelState | undefined;
  readonly warnings: readonly string[];
}

async function start(
  device: Device,
  config: LmTrainConfig,
  { folder, resume, force = false, ranks }: RunOptions,
): Promise<Started> {
  const resumed = resume ? loadLanguageModel(join(folder, LAST_FILE)) : undefined;
  try {
    const lines = { train: await readTextLines(config.data.train), dev: await readTextLines(config.data.dev) };
    const units = unitsFor(
      config,
      lines.train.map(({ text }) => text),
      resumed,
    );
    const changes = resumed ? configChanges(config, units, resumed, force) : [];
    const [train, dev] = [spellSentences(lines.train, units), spellSentences(lines.dev, units)];
    const digest = digestOfSentences(train.sentences);
    if (resumed) changes.push(...dataChanges(digest, resumed, { force }));
    if (resumed) changes.push(...rankChanges(ranks?.size ?? 1, config.batch, resumed, { force }));

    const { activation, warning } = activationType(device, config.precision);
    const built = buildLanguageModel(device, config, units, {
      optimizer: true,
      half: activation === "f16",
      restored: resumed !== undefined,
    });
    if (resumed) restoreParameters(resumed, built.parameters, { moments: true });

    const { size, tokens, buckets, perRank } = config.batch;
    const factor = perRank ? (ranks?.size ?? 1) : 1;
    const sampler = new BucketSampler(
      train.sentences.map(({ labels }) => labels.length + 1),
      {
        buckets,
        ...(size !== null && { batchSize: size * factor }),
        ...(tokens !== null && { batchFrames: tokens * factor }),
      },
      config.seed,
      resumed && samplerStart(resumed, changes),
    );
    return {
      units,
      train: train.sentences,
      dev: dev.sentences,
      built,
      activation,
      batches: new TextBatches(train.sentences, sampler, built.model.sentenceEnd, sharingOf(ranks, config)),
      digest,
      length: lengthOf(config, sampler.batches(0).length),
      resumed: resumed?.state,
      warnings: [
        ...changeWarnings(changes),
        ...leftOutWarnings("train", train, units),
        ...leftOutWarnings("dev", dev, units),
        ...paddingWarnings(sampler.paddingShare(0)),
        ...(warning === undefined ? [] : [warning]),
      ],
    };
  } finally {
    resumed?.close();
  }
}

/** The units of the resumed run, of `units_of`, or of the config. */
function unitsFor(
  config: LmTrainConfig,
  texts: readonly string[],
  resumed: OpenCheckpoint<LanguageModelState> | undefined,
): Units {
  if (resumed) return trainingUnits(config, texts, { path: resumed.path, units: resumed.state.units, resumed: true });
  const { unitsOf } = config;
  if (unitsOf === null) return trainingUnits(config, texts, undefined);
  const { units } = loadState(unitsOf);
  if (units === null) throw new UserError(`units_of: ${unitsOf} has no output units yet`);
  return trainingUnits(config, texts, { path: unitsOf, units, resumed: true });
}

/** How the config differs from the one that the run began with. Throws UserError as a recogniser's does. */
function configChanges(
  config: LmTrainConfig,
  units: Units,
  { path, state }: OpenCheckpoint<LanguageModelState>,
  force: boolean,
): Change[] {
  const saved = restoreLanguageModelConfig(state.config, path);
  const shapes = (of: LmTrainConfig): Map<string, string> =>
    shapesOf(declareLanguageModel(of, units, { lossScaled: of.precision === "f16" }));
  return differences(
    { path, saved: plainLanguageModelConfig(saved), now: plainLanguageModelConfig(config) },
    () => [...shapes(config)].some(([name, shape]) => shapes(saved).get(name) !== shape),
    { force },
  );
}

const byPerplexity: Judging<ScoredLanguageModel> = {
  isBetter: (a, b) => a.perplexity < b.perplexity,
  loadState: loadLanguageModelState,
};

function inTraining(
  device: Device,
  config: LmTrainConfig,
  { units, train, dev, built, activation, batches, digest, resumed, ...started }: Started,
): Trainee<SampledText, ScoredLanguageModel> {
  const plain = plainLanguageModelConfig(config);
  const { parameters } = built;
  return {
    config,
    parameters,
    lossScale: built.lossScale,
    activation,
    batches,
    length: started.length,
    metricNames: COMMON_METRICS,
    judging: byPerplexity,
    resumed,
    opening: [
      {
        type: "start",
        time: new Date().toISOString(),
        config: plain,
        adapter: device.info.name,
        parameters: { whole: parameters.count, encoder: parameters.count },
      },
    ],
    warnings: started.warnings,
    state: (loop): LanguageModelState => ({
      format: "unfold-language-model/1",
      config: plain,
      units: units.toJSON(),
      ...loop,
      trainingSet: digest,
    }),
    encode: (tape, { batch, share }, _, update, phase) =>
      languageModelStep(tape, built, batch, config, update, phase, share),
    amount: ({ batch }) => batch.lengths.reduce((sum, n) => sum + n, 0),
    infeasible: () => 0,
    report: (rows, { framesPerSecond, ...at }) => ({
      type: "lm_step",
      ...commonMeans(rows),
      ...at,
      tokensPerSecond: framesPerSecond,
    }),
    async evaluate(step, epoch) {
      const { perUnit, perWord } = await perplexityOf(device, built.model, dev, config.eval.batchSize);
      return {
        record: { type: "lm_dev", step, epoch, perplexity: perUnit, wordPerplexity: perWord },
        warnings: [],
        score: { perplexity: perUnit, step },
        judged: perUnit,
      };
    },
    async diverged({ origin: { indices, step, part }, row }, saved) {
      const settings = { seed: config.seed, step: step * config.batch.accumulate + part, activation };
      const first = await firstNotFiniteInStep(device, parameters, settings, (tape) =>
        languageModelStep(tape, built, batches.of(indices), config, undefined),
      );
      const where = first
        ? `first ${first.value} in ${first.operation} of '${first.scope}'`
        : "every operation is finite now";
      const { source } = train[indices[0] as number] as Sentence;
      return diverged(row, step, `in a batch with ${source}: ${where}`, saved);
    },
    stopped: (evaluations) => `the dev perplexity has not fallen for ${evaluations} evaluations`,
    finish: () => Promise.resolve(),
    close: () => parameters.release(),
  };
}
