import { convert } from "./accumulate/accumulate.ts";
import type { Device } from "./device.ts";
import { hash } from "./random.ts";
import { ShapeError, showShape, sizeOf, type Shape } from "./shape.ts";
import { Storage, Tensor } from "./tensor.ts";
import { ownerOf, read } from "./transfer.ts";

/** Initial value of element i of a parameter. `key` is a hash of the seed and the parameter's name: draw from `uniform(key, i)`. */
export type Initialiser = (i: number, key: number) => number;

export interface ParameterOptions {
  readonly init: Initialiser;
  /** False for norms and biases, which get no weight decay. */
  readonly decay?: boolean;
  /** True: loaded and saved like the others but never trained; no gradient or moments. */
  readonly frozen?: boolean;
  /** The shape in files, if different: a pointwise convolution is a matrix here and `[out, in, 1]` elsewhere. */
  readonly fileShape?: Shape;
}

export interface Parameter {
  readonly name: string;
  readonly tensor: Tensor;
  readonly fileShape: Shape;
  readonly decay: boolean;
  readonly frozen: boolean;
}

/** The optimiser's view of a range of parameters: four flat tensors of the same length. */
export interface FlatRange {
  readonly values: Tensor;
  readonly grads: Tensor;
  readonly firstMoment: Tensor;
  readonly secondMoment: Tensor;
  /** f16 copies of the values, if the parameters have any. */
  readonly half?: Tensor;
  readonly decay: boolean;
}

/** Slices start at multiples of this many bytes, as storage bindings require; f16 copies too, at half the byte offsets. */
const ALIGNMENT = 256;

type Flat = "values" | "grads" | "firstMoment" | "secondMoment";
const FLATS: readonly Flat[] = ["values", "grads", "firstMoment", "secondMoment"];

/**
 * All parameters of a model, as slices of four flat buffers: values, gradients, first and second moments. An optimiser step is then
 * one dispatch per decay group, a gradient norm one reduction, and a checkpoint one read. Parameters with weight decay come first.
 * Frozen ones come last, and only in the values buffer.
 *
 *     const parameters = new Parameters();
 *     const weight = parameters.add("head.weight", [vocab, dim], { init });   // a Tensor, usable after seal()
 *     parameters.seal(device, { seed: 1 });
 */
export class Parameters {
  readonly #declared: (Parameter & { init: Initialiser })[] = [];
  readonly #buffers: { name: string; tensor: Tensor; init: Initialiser }[] = [];
  readonly #flats = new Map<Flat, Storage>();
  #device: Device | undefined;
  #decayBytes = 0;
  #trainedBytes = 0;
  #totalBytes = 0;
  #alignment = ALIGNMENT;
  #halves: Storage | undefined;

  /** Declares a parameter. The returned tensor gets its storage when `seal` is called. */
  add(name: string, shape: Shape, { init, decay = true, frozen = false, fileShape = shape }: ParameterOptions): Tensor {
    this.#expectNew(name);
    const tensor = unplaced(shape, frozen ? undefined : unplaced(shape));
    this.#declared.push({ name, tensor, fileShape, decay, frozen, init });
    return tensor;
  }

  /** Declares a tensor that is saved with the model but not trained, such as a running mean. */
  addBuffer(name: string, shape: Shape, init: Initialiser): Tensor {
    this.#expectNew(name);
    const tensor = unplaced(shape);
    this.#buffers.push({ name, tensor, init });
    return tensor;
  }

  #expectNew(name: string): void {
    if (this.#device) throw new Error(`Parameters: '${name}' was added after seal()`);
    if (this.#declared.some((p) => p.name === name) || this.#buffers.some((b) => b.name === name))
      throw new Error(`Parameters: '${name}' was added twice`);
  }

  /**
   * Allocates the flat buffers and draws the initial values, except on a dry device.
   *
   * @param options.optimizer false: allocate only values, no gradients or moments
   * @param options.half      also keep an f16 copy of each parameter; the optimiser updates it, after other writes call `roundToHalf`
   * @param options.draw      false: leave the values at 0 until they are written
   */
  seal(
    device: Device,
    {
      seed = 0,
      optimizer = true,
      half = false,
      draw = true,
    }: { seed?: number; optimizer?: boolean; half?: boolean; draw?: boolean } = {},
  ): void {
    if (this.#device) throw new Error("Parameters: seal() was called twice");
    this.#device = device;
    if (half) this.#alignment = 2 * ALIGNMENT;
    const align = (bytes: number): number => Math.ceil(bytes / this.#alignment) * this.#alignment;
    const trained = this.all.filter((p) => !p.frozen);
    const ordered = [
      ...trained.filter((p) => p.decay),
      ...trained.filter((p) => !p.decay),
      ...this.all.filter((p) => p.frozen),
    ];
    const offsets = ordered.map((p) => {
      const offset = this.#totalBytes;
      this.#totalBytes += align(p.tensor.bytes);
      if (!p.frozen) this.#trainedBytes = this.#totalBytes;
      if (!p.frozen && p.decay) this.#decayBytes = this.#totalBytes;
      return offset;
    });
    for (const flat of optimizer ? FLATS : (["values"] as const))
      this.#flats.set(flat, zeroStorage(device, Math.max(ALIGNMENT, this.#bytesOf(flat))));
    ordered.forEach(({ tensor }, i) => {
      place(tensor, this.#flats.get("values") as Storage, offsets[i] as number);
      const grads = this.#flats.get("grads");
      if (tensor.grad && grads) place(tensor.grad, grads, offsets[i] as number);
      else Object.assign(tensor, { grad: undefined, needsGrad: false });
    });
    if (half) this.#addHalves(device);
    for (const { tensor } of this.#buffers) place(tensor, zeroStorage(device, align(tensor.bytes)), 0);
    if (device.dry || !draw) return; // they would never be read
    for (const { name, tensor } of [...this.#declared, ...this.#buffers])
      this.#write(tensor, this.initialValues(name, seed));
    this.roundToHalf();
  }

  /** The initial values of a parameter or buffer, a function of the seed and its name. Needs no device. */
  initialValues(name: string, seed: number): Float32Array<ArrayBuffer> {
    const declared = this.#declared.find((p) => p.name === name) ?? this.#buffers.find((b) => b.name === name);
    if (!declared) throw new Error(`Parameters: there is no '${name}'`);
    const key = hash(seed, ...[...name].map((letter) => letter.charCodeAt(0)));
    const values = new Float32Array(declared.tensor.size); // a loop, because Float32Array.from is several times slower, and models are large
    for (let i = 0; i < values.length; i++) values[i] = declared.init(i, key);
    return values;
  }

  #addHalves(device: Device): void {
    const storage = zeroStorage(device, Math.max(ALIGNMENT, this.#totalBytes / 2));
    this.#halves = storage;
    for (const { tensor } of this.#declared)
      Object.assign(tensor, { half: new Tensor(tensor.shape, "f16", storage, { offset: tensor.offset / 2 }) });
  }

  /** The f16 copies of `bytes` bytes of values from `start` on. */
  #half = (halves: Storage, start: number, bytes: number): Tensor =>
    new Tensor([bytes / 4], "f16", halves, { offset: start / 2 });

  /** Encodes rounding all values into their f16 copies, if there are any. */
  roundToHalf(): void {
    const device = this.#sealed();
    const halves = this.#halves;
    if (!halves) return;
    for (const { start, bytes } of this.#pieces(0, this.#totalBytes)) {
      const values = new Tensor([bytes / 4], "f32", this.#flat("values"), { offset: start });
      convert({ device }, values, this.#half(halves, start, bytes));
    }
  }

  get all(): readonly Parameter[] {
    return this.#declared;
  }

  get buffers(): readonly { readonly name: string; readonly tensor: Tensor }[] {
    return this.#buffers;
  }

  /** The shapes in a checkpoint, by name: parameters' file shapes in declaration order, then the buffers' shapes. */
  get savedShapes(): ReadonlyMap<string, Shape> {
    return new Map([
      ...this.#declared.map(({ name, fileShape }) => [name, fileShape] as const),
      ...this.#buffers.map(({ name, tensor }) => [name, tensor.shape] as const),
    ]);
  }

  /** Number of values, including frozen ones. */
  get count(): number {
    return this.#declared.reduce((sum, { tensor }) => sum + tensor.size, 0);
  }

  /** Bytes of all values. */
  get bytes(): number {
    return this.#totalBytes;
  }

  /** Bytes of the trained values, and so of the gradients and of each moment. */
  get trainedBytes(): number {
    return this.#trainedBytes;
  }

  #bytesOf(flat: Flat): number {
    return flat === "values" ? this.#totalBytes : this.#trainedBytes;
  }

  /**
   * The flat buffers cut into bindable ranges, each with or without decay. The padding between slices is zero in all four buffers
   * and stays zero.
   */
  ranges(): FlatRange[] {
    const ranges: FlatRange[] = [];
    for (const [from, to, decay] of [
      [0, this.#decayBytes, true],
      [this.#decayBytes, this.#trainedBytes, false],
    ] as const)
      for (const { start, bytes } of this.#pieces(from, to)) {
        const view = (flat: Flat): Tensor => new Tensor([bytes / 4], "f32", this.#flat(flat), { offset: start });
        ranges.push({
          values: view("values"),
          grads: view("grads"),
          firstMoment: view("firstMoment"),
          secondMoment: view("secondMoment"),
          ...(this.#halves && { half: this.#half(this.#halves, start, bytes) }),
          decay,
        });
      }
    return ranges;
  }

  /** Cuts the bytes from `from` to `to` into pieces small enough to bind. */
  #pieces(from: number, to: number): { start: number; bytes: number }[] {
    const most = Math.floor(this.#sealed().limits.maxStorageBufferBindingSize / this.#alignment) * this.#alignment;
    return Array.from({ length: Math.ceil((to - from) / most) }, (_, i) => ({
      start: from + i * most,
      bytes: Math.min(most, to - from - i * most),
    }));
  }

  /** A flat buffer as a whole, for copies: it may be larger than what a kernel can bind. */
  whole(flat: Flat): Tensor {
    return new Tensor([this.#bytesOf(flat) / 4], "f32", this.#flat(flat));
  }

  /** Encodes zeroing all gradients. */
  zeroGrads(): void {
    this.#sealed().recorder.clear(this.#flat("grads").buffer, 0, this.#trainedBytes);
  }

  /** Reads one flat buffer, by parameter name and in file shapes. "values" includes the buffers; the others lack frozen parameters. */
  async read(flat: Flat): Promise<Map<string, { shape: Shape; values: Float32Array }>> {
    const device = this.#sealed();
    const data = (await read(device, this.whole(flat))) as Float32Array;
    const result = new Map<string, { shape: Shape; values: Float32Array }>();
    for (const { name, tensor, fileShape, frozen } of this.#declared) {
      if (frozen && flat !== "values") continue;
      const start = tensor.offset / 4;
      result.set(name, { shape: fileShape, values: data.slice(start, start + tensor.size) });
    }
    if (flat === "values")
      for (const { name, tensor } of this.#buffers)
        result.set(name, { shape: tensor.shape, values: (await read(device, tensor)) as Float32Array });
    return result;
  }

  /** Reads one parameter's values (or, with `flat`, its gradient or moments), or a buffer's, when `read` would need too much memory. */
  async readOne(name: string, flat: Flat = "values"): Promise<Float32Array> {
    const parameter = this.#declared.find((p) => p.name === name);
    const tensor = parameter?.tensor ?? this.#buffers.find((b) => b.name === name)?.tensor;
    if (!tensor || (!parameter && flat !== "values"))
      throw new Error(`Parameters: there is no ${flat === "values" ? "" : `${flat} of `}'${name}'`);
    const stored = new Tensor(tensor.shape, "f32", parameter ? this.#flat(flat) : tensor.storage, {
      offset: tensor.offset,
    });
    return (await read(this.#sealed(), stored)) as Float32Array;
  }

  /** Writes one parameter's values (or, with `flat`, its gradient or moments), or a buffer's. */
  write(name: string, values: Float32Array, flat: Flat = "values"): void {
    const parameter = this.#declared.find((p) => p.name === name);
    const tensor = parameter?.tensor ?? this.#buffers.find((b) => b.name === name)?.tensor;
    if (!tensor) throw new Error(`Parameters: there is no '${name}'`);
    if (values.length !== tensor.size)
      throw new ShapeError("Parameters.write", name, `${tensor.size} values`, `${values.length}`);
    if (flat !== "values" && (!parameter || parameter.frozen))
      throw new Error(`Parameters: ${parameter ? "the frozen" : "the buffer"} '${name}' has no ${flat}`);
    this.#write(tensor, values, parameter && this.#flat(flat));
  }

  #write(tensor: Tensor, values: Float32Array, storage: Storage = tensor.storage): void {
    this.#sealed().recorder.upload(values, storage.buffer, tensor.offset);
  }

  #flat(flat: Flat): Storage {
    const storage = this.#flats.get(flat);
    if (!storage) throw new Error(`Parameters: there are no ${flat}: seal() was not called, or with optimizer: false`);
    return storage;
  }

  #sealed(): Device {
    if (!this.#device) throw new Error("Parameters: seal(device) comes first");
    return this.#device;
  }

  /** Releases the flat buffers. Call it once everything that uses them is encoded. */
  release(): void {
    for (const storage of [
      ...this.#flats.values(),
      ...(this.#halves ? [this.#halves] : []),
      ...this.#buffers.map(({ tensor }) => tensor.storage),
    ])
      storage.release();
    this.#flats.clear();
    this.#buffers.length = 0;
  }
}

/** A tensor without storage until `place` sets it. Only `Parameters` makes such tensors. */
function unplaced(shape: Shape, grad?: Tensor): Tensor {
  if (sizeOf(shape) === 0) throw new ShapeError("Parameters", "shape", "no empty axis", showShape(shape));
  return new Tensor(shape, "f32", undefined as unknown as Storage, { grad });
}

function place(tensor: Tensor, storage: Storage, offset: number): void {
  Object.assign(tensor, { storage, offset });
}

function zeroStorage(device: Device, bytes: number): Storage {
  const buffer = device.pool.acquire(bytes, { exact: true });
  device.recorder.clear(buffer, 0, bytes);
  return new Storage(buffer, ownerOf(device), true);
}
