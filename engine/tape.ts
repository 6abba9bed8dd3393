import { addInto, fill, sumOfTwo } from "./accumulate.ts";
import type { Device } from "./device.ts";
import { ShapeError, sameShape, showShape, type Shape } from "./shape.ts";
import { Storage, Tensor, viewOf, type DType, type FloatType } from "./tensor.ts";
import { emptyTensor } from "./transfer.ts";

/**
 * An operation's backward rule: from dL/d output to dL/d input, one per input in order. An entry is undefined when
 * nothing flows there, or when the rule's kernel added to `tape.gradientOf(input)` itself.
 */
export type BackwardRule = (dy: Tensor) => readonly (Tensor | undefined)[];

interface Node {
  readonly name: string;
  /** Where `named` it was recorded: its backward rule belongs there too. */
  readonly scope: string;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly backward: BackwardRule;
}

export interface TapeOptions {
  /** Record backward rules. Off for evaluation: then nothing is kept beyond its scope. */
  readonly grad?: boolean;
  /** Dropout and batch statistics as in training. Defaults to `grad`. */
  readonly training?: boolean;
  /** Names the random numbers of this step: dropout is a pure function of (seed, step, site, element). */
  readonly seed?: number;
  readonly step?: number;
  /** The type in which operations store their results for the next and for backward; default f32. Sums stay f32. */
  readonly activation?: FloatType;
  /**
   * Sees every operation's result once it is encoded, then on the way back the gradients that its rule gives or adds to, while
   * `recorder.scope` names the part of the model: for finding where numbers go wrong. It must not keep the tensor.
   */
  readonly onResult?: ResultObserver;
}

export type ResultObserver = (operation: string, result: Tensor, pass: "forward" | "backward") => void;

/**
 * One forward and backward pass. Operations record themselves in the order they run, so backward is a loop from the
 * last to the first. The tape owns every tensor made on it: what a scope neither returns nor saves for backward
 * goes back to the pool when the scope ends; the rest when backward has passed its last use, or at `end()`.
 */
export class Tape {
  readonly device: Device;
  readonly training: boolean;
  readonly seed: number;
  readonly step: number;
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
    this.activation = options.activation ?? "f32";
    this.#onResult = options.onResult;
  }

  /** True while a checkpointed function runs again for its gradients: running statistics must not move twice. */
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

  /** Copies host data to a tensor that this tape owns. */
  upload(data: Float32Array | Int32Array | Uint32Array, shape: Shape): Tensor {
    const dtype = data instanceof Float32Array ? "f32" : data instanceof Int32Array ? "i32" : "u32";
    const x = this.empty(shape, dtype);
    if (data.length !== x.size)
      throw new ShapeError("upload", "data", `${x.size} elements for ${showShape(shape)}`, `${data.length}`);
    this.device.recorder.upload(data, x.storage.buffer, 0);
    return x;
  }

  /** Lets the tape own a tensor made elsewhere. */
  #own(x: Tensor): Tensor {
    (this.#frames.at(-1) as Storage[]).push(x.storage);
    return x;
  }

  /**
   * Records an operation and returns its output, which needs gradients if any input does. `saved` lists every tensor
   * whose contents the rule reads: they stay alive until the rule has run, and nothing else does.
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

  /** The same elements in another shape. */
  reshape(x: Tensor, shape: Shape): Tensor {
    return this.record("reshape", [x], viewOf(x, shape), [], (dy) => [viewOf(dy, x.shape)]);
  }

  /** The same tensor, through which nothing flows back. */
  detach(x: Tensor): Tensor {
    return viewOf(x, x.shape);
  }

  /** Runs `body` and releases every tensor made in it, except what it returns and what was saved for backward. */
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
      this.#releaseFrame(); // scopes within have ended theirs
      throw error;
    }
  }

  /** Runs `body`, whose dispatches, those of its backward rules included, a profile shows under this name. */
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
   * Runs `body` without keeping its intermediate results, and runs it again when its gradients are wanted: memory for
   * time. `body` must depend on nothing but its inputs and parameters, and its random numbers on nothing but their names.
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
   * Propagates from `loss`, a single element whose gradient is 1, or from `dy`, a given gradient of any output.
   * Gradients of leaves are added to `leaf.grad`.
   */
  backward(loss: Tensor, dy?: Tensor): void {
    if (!dy && loss.size !== 1)
      throw new ShapeError("backward", "loss", "a single element, or dy given", showShape(loss.shape));
    if (dy && !sameShape(dy.shape, loss.shape))
      throw new ShapeError("backward", "dy", showShape(loss.shape), showShape(dy.shape));
    this.seedGradient(loss, dy);
    this.#unwind();
  }

  /** Sets a starting gradient without running backward, for several outputs at once; `backwardFromSeeds` follows. */
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
   * The gradient of `x` to add to (`+=`), for rules whose kernels accumulate: a parameter's slice of the flat
   * gradient buffer, or zeros for a tensor that got none yet.
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

  /** Releases everything this tape still owns. Call it when the step is encoded, also after an error. */
  end(): void {
    this.#forgetNodes();
    for (const gradient of this.#gradients.values()) gradient.storage.release();
    this.#gradients.clear();
    while (this.#frames.length > 0) this.#releaseFrame();
    this.#frames.push([]);
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
              if (!x) return; // a rule may give more gradients than this call has inputs
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

  /** Adds a gradient to what `x` has. The first is adopted as it is; a shared one is never written to. */
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

  /** Hands a finished gradient over to the current scope. */
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
