// Speech: features, units, models, decoding and recognition, all on values in memory.

// The unfolding Conformer, whole and in parts.
export { ConformerCtc } from "../model/conformer/conformer_ctc.ts";
export { ConformerHybrid } from "../model/conformer/conformer_hybrid.ts";
export {
  AttentionDecoder,
  decoderDefaults,
  type DecoderConfig,
  type DecoderOptions,
} from "../model/decoder/attention_decoder.ts";
export { decoderTokens, type DecoderTokens } from "../model/decoder/decoder_tokens.ts";
export type { CtcModel, CtcOutput, Encoded, EncoderOptions, FeatureMasks } from "../model/ctc_model.ts";
export { conformerDefaults, type ConformerConfig } from "../model/conformer/config.ts";
export { Encoder } from "../model/conformer/encoder.ts";
export { ConformerBlock, type BlockContext } from "../model/conformer/block.ts";
export { depthSchedule, unfold, type DepthSchedule, type ShallowBlocks, type UnfoldOrder } from "../model/unfold.ts";
export { unfoldingPaths, type UnfoldingPaths } from "../model/unfolding_paths.ts";
export {
  jointLoss,
  jointLossDefaults,
  sandwichTerms,
  type JointLoss,
  type JointLossConfig,
  type JointLossTargets,
  type PathLogits,
  type PathTerms,
  type TokenTargets,
} from "../model/joint_loss.ts";
export { relativePositions, sinusoidalPositions } from "../model/positions.ts";

// Waveforms to features, posteriors to text.
export { createFrontEnd, type FrontEnd, type FrontEndSettings } from "../model/features/front_end.ts";
export { createFbank, fbank, type Fbank, type FbankOptions, type Features } from "../model/features/fbank.ts";
export { accumulateCmvn, applyCmvn, emptyCmvn, utteranceCmvn, type Cmvn } from "../model/features/cmvn.ts";
export { batchWaveforms, normaliseWaveform, type WaveformBatch } from "../model/features/waveform.ts";
export { CharacterUnits } from "../model/units/characters.ts";
export { SubwordUnits } from "../model/units/subword.ts";
export { unitsFromJSON } from "../model/units/restore.ts";
export type { Piece, Units, UnitsJson, Word } from "../model/units/units.ts";
export { greedySearch, greedySearchBatch, type GreedyOptions } from "../model/decode/greedy.ts";
export { prefixBeamSearch, prefixBeamSearchBatch, type PrefixBeamOptions } from "../model/decode/prefix_beam.ts";
export type { JointHypothesis, JointSearchOptions } from "../model/decode/joint_search.ts";
export type { Hypothesis } from "../model/decode/hypothesis.ts";
export { Wav2Vec2Ctc } from "../model/wav2vec2/wav2vec2_ctc.ts";
export { wav2vec2Defaults, type Wav2Vec2Config } from "../model/wav2vec2/config.ts";
export { VocabularyUnits } from "../model/units/vocabulary.ts";

// Inference: a checkpoint's bytes become a recogniser, features become text.
export { restoreConfig, type TrainConfig } from "../config/config.ts";
export { evaluatedPaths, scheduleOf, type DepthPath } from "../config/depths.ts";
export { parseCheckpoint, type Checkpoint, type CheckpointState } from "../checkpoint/checkpoint.ts";
export { recogniserOf, type Recogniser } from "../recognition/recogniser.ts";
export type { DecoderSearch } from "../recognition/decoder_search.ts";
export { jointSearch, type EncodedUtterances } from "../recognition/joint_search.ts";
export { rescore } from "../recognition/rescore.ts";
export { hypothesisText, recognise, type Recognised, type RecogniseOptions } from "../recognition/recognise.ts";

// Error rates and weight files.
export {
  addErrors,
  compareTexts,
  errorRate,
  type ErrorCounts,
  type ErrorUnit,
} from "../recognition/evaluation/error_rate.ts";
export {
  parseSafetensors,
  serialiseSafetensors,
  type SafeTensor,
  type SafeTensors,
} from "../checkpoint/safetensors/safetensors.ts";
