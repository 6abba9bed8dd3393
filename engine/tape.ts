import { addInto, fill, sumOfTwo } from "./accumulate/accumulate.ts";
import type { Device } from "./device.ts";
import { DISPOSE } from "./dispose.ts";
import { ShapeError, sameShape, showShape, type Shape } from "./shape.ts";
import { Storage, Tensor, viewOf, type DType, type FloatType } from "./tensor.ts";
import { emptyTensor } from "./transfer.ts";

/**
 * An operation's backward rule: maps the upstream gradient dL/d output to dL/d input, one per input in order. An entry is undefined
 * if that input gets no gradient, or if the rule's kernel already added to `tape.gradientOf(input)`.
 */
export type BackwardRule = (dy: Tensor) => readonly (Tensor | undefined)[];

interface Node {
  readonly name: string;
  /** The `named` scope that recorded it; its backward rule runs under the same name. */
  readonly scope: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly backward: BackwardRule;
}

/** Which utterances of a batch a tape has, where others have the rest. */
export interface BatchRows {
  /** Utterances of the whole batch before its first one. */
  readonly before: number;
  readonly count: number;
}

export interface TapeOptions {
  /** Record backward rules. Turn it off for evaluation: then no tensor outlives its scope. */
  readonly grad?: boolean;
  /** Apply dropout and use batch statistics. Defaults to `grad`. */
  readonly training?: boolean;
  /** With `step`, the key of this step's random numbers: dropout is a pure function of (seed, step, site, element). */
  readonly seed?: number;
  readonly step?: number;
  /**
   * Left out for a whole batch. With it, dropout draws for each element what the whole batch's tape draws there, if all its tensors of
   * utterances are `[batch, ...]` and padded alike.
   */
  readonly rows?: BatchRows | undefined;
  /** Storage type of activations, default f32. Sums stay f32. */
  readonly activation?: FloatType;
  /**
   * Called with every operation's result once it is encoded, and in the backward pass with the gradients that its rule returns or adds
   * to. Meant for finding where numbers go wrong: `recorder.scope` names the part of the model. It must not keep the tensor.
   */
  readonly onResult?: ResultObserver;
}

export type ResultObserver = (operation: string, result: Tensor, pass: "forward" | "backward") => void;

/**
 * One forward and backward pass. Operations record themselves in the order they run, so backward is a loop from last to first. The
 * tape owns every tensor made on it. When a scope ends, tensors that it neither returns nor saves for backward go back to the pool;
 * the rest follow after their last use in backward, or at `end()`.
 */
export class Tape {
  readonly device: Device;
  readonly training: boolean;
  readonly seed: number;
  readonly step: number;
  readonly rows: BatchRows | undefined;
  readonly activation: FloatType;
  readonly #onResult: ResultObserver | undefined;
  #recording: boolean;
  #recomputing = false;
  #nodes: Node[] = [];
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #frames: Storage[][] = [[]];

  constructor(device: Device, options: TapeOptions = {}) {
    this.device = device;
    this.#recording = options.grad ?? true;
    this.training = options.training ?? this.#recording;
    this.seed = options.seed ?? 0;
    this.step = options.step ?? 0;
    this.rows = options.rows;
    this.activation = options.activation ?? "f32";
    this.#onResult = options.onResult;
  }

  /** True while a checkpointed function is recomputed: running statistics must not be updated twice. */
  get recomputing(): boolean {
    return this.#recomputing;
  }

  get recording(): boolean {
    return this.#recording;
  }

  /** A new tensor with undefined contents. */
  empty(shape: Shape, dtype: DType = "f32"): Tensor {
    const x = this.#own(emptyTensor(this.device, shape, dtype));
    if (this.device.poison && (dtype === "f32" || dtype === "f16")) fill(this, x, NaN);
    return x;
  }

  like(x: Tensor): Tensor {
    return this.empty(x.shape, x.dtype);
  }

  /** A new tensor filled with one value. */
  filled(shape: Shape, value: number, dtype: DType = "f32"): Tensor {
    const x = this.empty(shape, dtype);
    fill(this, x, value);
    return x;
  }

  /** Copies host data to a new tensor owned by this tape. */
  upload(data: Float32Array | Int32Array | Uint32Array, shape: Shape): Tensor {
    const dtype = data instanceof Float32Array ? "f32" : data instanceof Int32Array ? "i32" : "u32";
    const x = this.empty(shape, dtype);
    if (data.length !== x.size)
      throw new ShapeError("upload", "data", `${x.size} elements for ${showShape(shape)}`, `${data.length}`);
    this.device.recorder.upload(data, x.storage.buffer, 0);
    return x;
  }

  /** Transfers ownership of a tensor to the current scope. */
  #own(x: Tensor): Tensor {
    (this.#frames.at(-1) as Storage[]).push(x.storage);
    return x;
  }

  /**
   * Records an operation and returns its output, which needs gradients if any input does. `saved` lists every tensor whose contents
   * the backward rule reads: only these stay alive until the rule has run.
   */
  record(
    name: string,
    inputs: readonly Tensor[],
    output: Tensor,
    saved: readonly Tensor[],
    backward: BackwardRule,
  ): Tensor {
    if (!this.#recomputing) this.#onResult?.(name, output, "forward");
    if (!this.#recording || !inputs.some((x) => x.needsGrad)) return output;
    return this.#push(name, inputs, output, saved, backward);
  }

  #push(
    name: string,
    inputs: readonly Tensor[],
    output: Tensor,
    saved: readonly Tensor[],
    backward: BackwardRule,
  ): Tensor {
    const result = viewOf(output, output.shape, { needsGrad: true });
    for (const x of saved) x.storage.retain();
    this.#nodes.push({ name, scope: this.device.recorder.scope, inputs, output: result, saved, backward });
    return result;
  }

  /** A view of the same elements with another shape, of which one size may be -1: as many as are left. */
  reshape(x: Tensor, shape: Shape): Tensor {
    return this.record("reshape", [x], viewOf(x, shape), [], (dy) => [viewOf(dy, x.shape)]);
  }

  /** A view of the same tensor that passes no gradient back. */
  detach(x: Tensor): Tensor {
    return viewOf(x, x.shape);
  }

  /** Runs `body` and releases every tensor made in it, except those it returns or saves for backward. */
  scope<T extends Tensor | readonly Tensor[]>(body: () => T): T {
    const frame: Storage[] = [];
    this.#frames.push(frame);
    try {
      const result = body();
      const kept = new Set((result instanceof Tensor ? [result] : (result as readonly Tensor[])).map((x) => x.storage));
      const outer = this.#frames.at(-2) as Storage[];
      for (const storage of frame) if (kept.has(storage)) outer.push(storage);
      this.#frames.pop();
      for (const storage of frame) if (!kept.has(storage)) storage.release();
      return result;
    } catch (error) {
      this.#releaseFrame(); // nested scopes have released theirs
      throw error;
    }
  }

  /** Runs `body` under a name, which profiles show for its dispatches and those of its backward rules. */
  named<T>(name: string, body: () => T): T {
    const { recorder } = this.device;
    const outer = recorder.scope;
    recorder.scope = name;
    try {
      return body();
    } finally {
      recorder.scope = outer;
    }
  }

  /**
   * Gradient checkpointing: runs `body` without keeping intermediate results and recomputes them in the backward pass, trading time
   * for memory. `body` must depend only on its inputs and parameters, and its random numbers only on their keys.
   */
  checkpoint(body: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
    if (!this.#recording) return this.scope(() => body(...inputs));
    this.#recording = false;
    let y: Tensor;
    try {
      y = this.scope(() => body(...inputs));
    } finally {
      this.#recording = true;
    }
    return this.#push("checkpoint", inputs, y, inputs, (dy) => {
      const outer = this.#nodes;
      const copies = inputs.map((x) => viewOf(x, x.shape, { needsGrad: x.needsGrad }));
      this.#nodes = [];
      try {
        this.#recomputing = true;
        const again = this.scope(() => body(...copies));
        this.#recomputing = false;
        if (again.needsGrad) this.#accumulate(again, dy);
        this.#unwind();
      } finally {
        this.#recomputing = false;
        this.#forgetNodes();
        this.#nodes = outer;
      }
      return copies.map((x) => this.#take(x));
    });
  }

  /**
   * Backpropagates from `loss`: a single element with gradient 1, or any tensor with the upstream gradient `dy`. Leaf gradients
   * accumulate in `leaf.grad`.
   */
  backward(loss: Tensor, dy?: Tensor): void {
    if (!dy && loss.size !== 1)
      throw new ShapeError("backward", "loss", "a single element, or dy given", showShape(loss.shape));
    if (dy && !sameShape(dy.shape, loss.shape))
      throw new ShapeError("backward", "dy", showShape(loss.shape), showShape(dy.shape));
    this.seedGradient(loss, dy);
    this.#unwind();
  }

  /** Sets an output's upstream gradient without running backward. After several of these, call `backwardFromSeeds`. */
  seedGradient(y: Tensor, dy?: Tensor): void {
    if (!y.needsGrad) throw new Error("backward: the loss does not depend on any tensor that needs gradients");
    if (!y.grad && !this.#nodes.some(({ output }) => output === y))
      throw new Error("backward: the loss is not on this tape, or backward has already run through it");
    this.scope(() => {
      this.#accumulate(y, dy ?? this.filled(y.shape, 1, y.dtype));
      return [];
    });
  }

  backwardFromSeeds(): void {
    this.#unwind();
  }

  /**
   * The gradient buffer of `x` to accumulate into (`+=`), for rules whose kernels accumulate: a parameter's slice of the flat
   * gradient buffer, or zeros for a tensor that has no gradient yet.
   */
  gradientOf(x: Tensor): Tensor {
    if (x.grad) return x.grad;
    const current = this.#gradients.get(x);
    if (current && !current.storage.shared) return current;
    const fresh = emptyTensor(this.device, x.shape, x.dtype);
    fill(this, fresh, 0);
    if (current) {
      addInto(this, current, fresh);
      current.storage.release();
    }
    this.#gradients.set(x, fresh);
    return fresh;
  }

  /** Releases everything this tape still owns. Call it once the step is encoded, also after an error. */
  end(): void {
    this.#forgetNodes();
    for (const gradient of this.#gradients.values()) gradient.storage.release();
    this.#gradients.clear();
    while (this.#frames.length > 0) this.#releaseFrame();
    this.#frames.push([]);
  }

  /** `using tape = new Tape(device)` ends the tape with its block, where the runtime or a compiler knows `using`. */
  [DISPOSE](): void {
    this.end();
  }

  #unwind(): void {
    for (let node = this.#nodes.pop(); node; node = this.#nodes.pop()) {
      const { name, scope, inputs, output, saved, backward } = node;
      const dy = this.#gradients.get(output);
      try {
        if (!dy) continue;
        this.scope(() =>
          this.named(scope, () => {
            backward(dy).forEach((gradient, i) => {
              const x = inputs[i];
              if (!x) return; // a rule may return more gradients than this call has inputs
              const seen = gradient ?? x.grad ?? this.#gradients.get(x);
              if (seen) this.#onResult?.(name, seen, "backward");
              if (!gradient || !x.needsGrad) return;
              if (!sameShape(gradient.shape, x.shape))
                throw new ShapeError(
                  "backward",
                  `gradient of ${name}'s input ${i}`,
                  showShape(x.shape),
                  showShape(gradient.shape),
                );
              if (gradient.dtype !== x.dtype)
                throw new ShapeError(
                  "backward",
                  `gradient of ${name}'s input ${i}`,
                  `type ${x.dtype}`,
                  `type ${gradient.dtype}`,
                );
              this.#accumulate(x, gradient);
            });
            return [];
          }),
        );
        this.#gradients.delete(output);
        dy.storage.release();
      } finally {
        for (const x of saved) x.storage.release();
      }
    }
  }

  #forgetNodes(): void {
    for (const { saved } of this.#nodes) for (const x of saved) x.storage.release();
    this.#nodes = [];
  }

  /** Adds to the gradient of `x`. The first gradient is adopted without a copy; a shared one is never written to. */
  #accumulate(x: Tensor, gradient: Tensor): void {
    if (x.grad) return addInto(this, gradient, x.grad);
    const current = this.#gradients.get(x);
    if (!current) {
      gradient.storage.retain();
      this.#gradients.set(x, gradient);
    } else if (!current.storage.shared) {
      addInto(this, gradient, current);
    } else {
      const total = emptyTensor(this.device, x.shape, x.dtype);
      sumOfTwo(this, current, gradient, total);
      current.storage.release();
      this.#gradients.set(x, total);
    }
  }

  /** Moves a finished gradient to the current scope. */
  #take(x: Tensor): Tensor | undefined {
    const gradient = this.#gradients.get(x);
    if (!gradient) return undefined;
    this.#gradients.delete(x);
    return this.#own(gradient);
  }

  #releaseFrame(): void {
    for (const storage of this.#frames.pop() ?? []) storage.release();
  }
}
