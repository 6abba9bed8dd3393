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
export type Order = "repeat" | "cycle" | readonly number[];

/** Log-mel features of a waveform, `[frames, bins]`. */
export interface SoundReport {
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

/** The worker's methods: arguments and result of each. */
export interface Calls extends TrainingCalls {
  open: { args: Record<string, never>; result: DeviceReport };
  load: { args: { bytes: Uint8Array; name: string }; result: ModelReport };
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

/** The deepest path that the page shows. */
export const DEEPEST = 12;
