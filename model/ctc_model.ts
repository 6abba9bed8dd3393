import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { AttentionDecoder } from "./decoder/attention_decoder.ts";
import type { DepthSchedule } from "./unfold.ts";

/** An encoder's output for each schedule. */
export interface Encoded {
  /** The last state of each schedule after the final norm, `[batch, frames, dim]`. */
  readonly states: readonly Tensor[];
  /** Real frames of each utterance, on the host and on the device. */
  readonly lengths: readonly number[];
  readonly deviceLengths: Tensor;
}

export interface CtcOutput extends Encoded {
  /** For each schedule: `[batch, frames, vocabulary]` */
  readonly logits: readonly Tensor[];
  /** What a decoder says of `EncoderOptions.tokens`, for each schedule: `[batch, tokens, vocabulary]` */
  readonly decoded?: readonly Tensor[] | undefined;
}

/** Masks on the projected features during training. */
export interface FeatureMasks {
  /** u32 `[batch, frames, 1]`: 1 where the learned mask vector replaces a frame */
  readonly time: Tensor;
  /** u32 `[batch, 1, dim]`: 1 where a channel is zeroed; left out: none */
  readonly channels?: Tensor | undefined;
}

export interface EncoderOptions {
  /** Keep only the input of each block application for backward and recompute the rest. */
  readonly checkpointing?: boolean;
  /** i32 `[batch, tokens]`, for models with a decoder: what it reads, see `decoderTokens`. Left out, only the encoder runs. */
  readonly tokens?: Tensor | undefined;
  /** For models with a decoder that unfolds too: each path's depth, if not the length of its schedule (layers may be dropped). */
  readonly depths?: readonly number[] | undefined;
  /** For models that mask their projected features (wav2vec 2.0, HuBERT). */
  readonly masks?: FeatureMasks | undefined;
  /** Of each schedule's layers, the factor of a Conformer block's residual branches (stochastic depth); left out: 1. */
  readonly residualScales?: readonly (readonly number[] | undefined)[];
  /** Called with the output of every block application, before the final norm. */
  readonly onState?: (layer: number, block: number, state: Tensor) => void;
}

/** A model's frame counts, known from its configuration before it is built. */
export interface FrameCounts {
  /** Number of output frames, which CTC aligns with, for a number of input frames. */
  readonly outputFrames: (inputFrames: number) => number;
  /** Minimum number of input frames that gives an output frame. */
  readonly minInputFrames: number;
  /** Input frames from one output frame to the next. */
  readonly stride: number;
  /** Whether padding changes the results of real frames, so that an utterance's result depends on its batch. */
  readonly paddingMatters: boolean;
}

/** The model interface of training, decoding and evaluation: unfolding blocks, and a CTC head shared by all depths. */
export interface CtcModel extends FrameCounts {
  readonly config: {
    /** Values per input frame: mel bins, or 1 for a waveform. */
    readonly inputDim: number;
    /** Number of output classes, including the blank. */
    readonly vocabulary: number;
    readonly blank: number;
    /** Channels of a state. */
    readonly dim: number;
    /** Physical blocks. */
    readonly blocks: number;
  };
  /** An attention decoder beside CTC. The last class is then `decoder.sentenceEnd`, which is in no text. */
  readonly decoder?: AttentionDecoder | undefined;
  /** Parameter name prefixes of the encoder (everything but the heads and the decoder), of block 0 and of the decoder. */
  readonly scopes: { readonly encoder: string; readonly firstBlock: string; readonly decoder?: string };

  /** Features `[batch, frames, inputDim]`, with the real frames in `lengths`, to the logits of each schedule. */
  forward(
    tape: Tape,
    features: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options?: EncoderOptions,
  ): CtcOutput;
}

/**
 * The minimum number of frames in which CTC can emit the labels: one each, plus a blank between equal neighbours, which
 * would otherwise be merged.
 */
export function framesNeeded(labels: ArrayLike<number>): number {
  let needed = labels.length;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) needed++;
  return needed;
}
