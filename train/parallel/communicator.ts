/** What ranks exchange. Values are in place: on every rank they are the result afterwards. */
export type Exchanged = Float32Array | Float64Array | Uint8Array;

export type Reduction = "sum" | "max" | "min";

/**
 * The processes that train one model together, as one of them sees them. Every rank must call the same methods in the same order. Between
 * the call and the settling of its promise, an array must stay where it is, and nothing may write to it.
 */
export interface Communicator {
  /** 0 to size - 1. Rank 0 is the one that writes files and speaks to the user. */
  readonly rank: number;
  readonly size: number;
  /** Rank among the processes of this host. */
  readonly localRank: number;
  readonly localSize: number;
  /** The library that carries it, for messages. */
  readonly name: string;
  /** Reduces arrays of the same length over all ranks, with the same bits on each. */
  allReduce(values: Float32Array | Float64Array, reduction?: Reduction): Promise<void>;
  /** Copies one rank's array, by default rank 0's, to the others. */
  broadcast(values: Exchanged, root?: number): Promise<void>;
  /** Gives rank i the i-th part of `from`, and puts its part for this rank at the i-th of `to`. All parts have the same length. */
  allToAll(from: Uint16Array, to: Uint16Array): Promise<void>;
  /** Puts rank i's array at the i-th part of `to`, on every rank. */
  allGather(from: Uint16Array, to: Uint16Array): Promise<void>;
  /** Settles once every rank has called it. */
  barrier(): Promise<void>;
  /** Ends all ranks at once with this exit code. May return before this process has ended. */
  abort(code: number): void;
  /** Says good-bye to the others; every rank must do so before it ends. Nothing may be exchanged afterwards. */
  finalize(): void;
}

/** The only rank, which has nobody to exchange anything with. */
export const alone: Communicator = {
  rank: 0,
  size: 1,
  localRank: 0,
  localSize: 1,
  name: "none",
  allReduce: () => Promise.resolve(),
  broadcast: () => Promise.resolve(),
  allToAll: (from, to) => Promise.resolve(to.set(from)),
  allGather: (from, to) => Promise.resolve(to.set(from)),
  barrier: () => Promise.resolve(),
  abort: (code) => process.exit(code),
  finalize: () => undefined,
};
