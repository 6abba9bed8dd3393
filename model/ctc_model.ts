import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import type { DepthSchedule } from "./unfold.ts";

/** What an encoder gives, of each schedule. */
export interface Encoded {
  /** The last state of each schedule, `[batch, frames, dim]`, through the final norm. */
  readonly states: readonly Tensor[];
  /** Real frames of each utterance, on the host and on the device. */
  readonly lengths: readonly number[];
  readonly deviceLengths: Tensor;
}

export interface CtcOutput extends Encoded {
  /** Of each schedule: `[batch, frames, vocabulary]` */
  readonly logits: readonly Tensor[];
}

/** What an input's projected features have hidden from the encoder during training. */
export interface FeatureMasks {
  /** u32 `[batch, frames, 1]`: 1 where a frame becomes the learned mask vector */
  readonly time: Tensor;
  /** u32 `[batch, 1, dim]`: 1 where a channel becomes zero; left out: none */
  readonly channels?: Tensor | undefined;
}

export interface EncoderOptions {
  /** Keep only the input of each block application for backward and compute the rest again. */
  readonly checkpointing?: boolean;
  /** Of models that mask what their feature projection gives, see `masksFeatures`. */
  readonly masks?: FeatureMasks | undefined;
  /** Sees the output of every block application, before the final norm. */
  readonly onState?: (layer: number, block: number, state: Tensor) => void;
}

/** How a model counts frames: known from its configuration, before it is built. */
export interface FrameCounts {
  /** Output frames for so many input frames: what CTC has to align with. */
  readonly outputFrames: (inputFrames: number) => number;
  /** Fewest input frames that leave one. */
  readonly minInputFrames: number;
  /** Input frames from one output frame to the next. */
  readonly stride: number;
  /** Whether padding changes what a real frame gives, so that results depend on batch mates, unless utterances go alone. */
  readonly paddingMatters: boolean;
}

/** What training, decoding and evaluation ask of a model: blocks that unfold, and a CTC head that all depths share. */
export interface CtcModel extends FrameCounts {
  readonly config: {
    /** Values of an input frame: mel bins, or 1 of a waveform. */
    readonly inputDim: number;
    /** Output classes, the blank included. */
    readonly vocabulary: number;
    readonly blank: number;
    /** Channels of a state. */
    readonly dim: number;
    /** Physical blocks. */
    readonly blocks: number;
  };
  /** Names of the parameters: everything but the head, and block 0. */
  readonly scopes: { readonly encoder: string; readonly firstBlock: string };

  /** From `[batch, frames, inputDim]`, of which `lengths` are real, to the logits of each schedule. */
  forward(
    tape: Tape,
    features: Tensor,
    lengths: readonly number[],
    schedules: readonly DepthSchedule[],
    options?: EncoderOptions,
  ): CtcOutput;
}
