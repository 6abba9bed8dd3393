// What the page and the worker say to each other. The worker computes, the page draws.

import type { TrainingCalls } from "./worker/train/protocol.ts";

/** What the worker found of WebGPU. */
export type DeviceReport =
  | { readonly ok: false; readonly reason: string }
  | {
      readonly ok: true;
      readonly name: string;
      readonly vendor: string;
      readonly architecture: string;
      /** Whether it computes on the CPU. */
      readonly software: boolean;
      readonly features: readonly string[];
      readonly limits: Readonly<Record<string, number>>;
      readonly subgroupSizes: readonly [number, number];
      /** The table of this GPU that it chooses kernels by: when it was measured, and for how many choices. */
      readonly tuned: { readonly date: string; readonly choices: number } | null;
      /** Whether WGSL has immediates; without them sizes travel in uniform buffers. */
      readonly immediates: boolean;
    };

/** What the page needs to know of a loaded model. */
export interface ModelReport {
  readonly name: string;
  /** Hz. */
  readonly sampleRate: number;
  readonly blocks: number;
  /** The deepest path that the page runs. */
  readonly deepest: number;
  /** Attention heads of a block. */
  readonly heads: number;
  /** Of an attention decoder beside CTC: its heads, and its layers after a path of each depth from 1 on. */
  readonly decoder?: { readonly heads: number; readonly layers: readonly number[] };
  /** Text of each class; the blank is shown as ∅. */
  readonly classes: readonly string[];
  readonly blank: number;
  /** The paths that training evaluated, and whether a loss trained each or any depth between. */
  readonly order: Order;
  readonly trained: readonly number[];
  readonly drawn: readonly number[];
  /** Of the whole model, and of one block. */
  readonly parameters: number;
  readonly blockParameters: number;
  /** Seconds of sound from one output frame to the next. */
  readonly secondsPerFrame: number;
}

/** How a seed unfolds; an array is the order in which blocks are chosen to run once more than others, in place. */
export type Order = "repeat" | "cycle" | readonly number[] | OwnPaths;

/** The paths of a checkpoint that no named order gives, of each depth from 1 on. */
export interface OwnPaths {
  readonly own: readonly (readonly number[])[];
}

/** Log-mel features of a waveform, `[frames, bins]`. */
export interface SoundReport {
  /** Whether the model reads them; else it reads the samples, and these are for the eye. */
  readonly read: boolean;
  readonly frames: number;
  readonly bins: number;
  readonly values: Float32Array;
  /** Seconds from one frame to the next. */
  readonly secondsPerFrame: number;
}

/** A label and its output frames, `from` to `to - 1`. */
export interface Span {
  readonly label: number;
  readonly from: number;
  readonly to: number;
}

/** What the model says at one depth. */
export interface DepthResult {
  readonly depth: number;
  readonly schedule: readonly number[];
  /** `[frames, classes]` */
  readonly logProbs: Float32Array;
  readonly text: string;
  readonly spans: readonly Span[];
  /** KL( deepest ‖ this depth ), mean over frames, in nats. */
  readonly kl: number;
  /** Root mean square of each layer's output, `[layers, frames]`. */
  readonly norms: Float32Array;
}

/** One recording at every depth. */
export interface Unfolded {
  readonly order: Order;
  readonly frames: number;
  readonly depths: readonly DepthResult[];
  /** Block applications computed: paths share what they have in common. */
  readonly applications: number;
  /** Milliseconds from features to results. */
  readonly milliseconds: number;
}

/** A dropped checkpoint before any of it is on the device. */
export interface ModelPlan {
  readonly name: string;
  readonly kind: string;
  readonly parameters: number;
  /** Of the file, and of the weights on the device, where they are f32. */
  readonly fileBytes: number;
  readonly weightBytes: number;
  readonly blocks: number;
  readonly deepest: number;
  readonly classes: number;
  /** Hz. */
  readonly sampleRate: number;
  /** Input frames (or samples) and seconds from one output frame to the next. */
  readonly stride: number;
  readonly secondsPerFrame: number;
  /** What ten seconds of sound take on this device besides the weights; undefined without one, or if that is too large for it. */
  readonly memory?: PlannedMemory;
  /** Why the page cannot run it, in a sentence; null if it can. */
  readonly refusal: string | null;
}

/** Bytes that a recording takes, at all depths together. */
export interface PlannedMemory {
  /** Most of all activations at one time. */
  readonly activations: number;
  /** The largest tensor of them, which one binding must hold. */
  readonly largest: number;
}

/** Seconds of the recording that a plan is made for. */
export const PLANNED_SECONDS = 10;

/** What one head attends to in one layer: each row is a distribution over the encoder's frames. */
export interface AttentionReport {
  /** `[rows, frames]`; the rows are the encoder's frames, or the decoder's tokens. */
  readonly weights: Float32Array;
  readonly rows: number;
  readonly frames: number;
}

export interface AttentionQuestion {
  readonly waveform: Float32Array;
  readonly schedule: readonly number[];
  /** From 0, of the encoder's layers, or with `labels` of the decoder's. */
  readonly layer: number;
  readonly head: number;
  /** Labels that the decoder reads after its sentence's start: its attention to the encoder's frames is asked for. */
  readonly labels?: readonly number[] | undefined;
}

/** The worker's methods: arguments and result of each. */
export interface Calls extends TrainingCalls {
  open: { args: Record<string, never>; result: DeviceReport };
  load: { args: { bytes: Uint8Array; name: string }; result: ModelReport };
  /** Reads a checkpoint's header only. */
  plan: { args: { file: Blob; name: string }; result: ModelPlan };
  /** As `load`, from a file whose tensors are read one at a time; also builds the model on the device. */
  loadFile: { args: { file: Blob; name: string }; result: ModelReport };
  attention: { args: AttentionQuestion; result: AttentionReport };
  sound: { args: { waveform: Float32Array }; result: SoundReport };
  unfold: { args: { waveform: Float32Array; order: Order }; result: Unfolded };
  /** The recorded results of a clip, for browsers without WebGPU. */
  recall: { args: { bytes: Uint8Array; clip: number }; result: Unfolded };
}

export type Call = keyof Calls;

export interface Request<Name extends Call = Call> {
  readonly id: number;
  readonly call: Name;
  readonly args: Calls[Name]["args"];
}

export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string; readonly lost: boolean };

/** The deepest path that the page shows, unless a model was trained deeper. */
export const DEEPEST = 12;
