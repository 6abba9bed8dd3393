/**
 * A tensor of a case. F32 comes as Float32Array, I32 as Int32Array, U8 (masks: 1 = keep) as Uint8Array.
 * Outputs and gradients carry the tolerances |got - expected| <= atol + rtol·|expected|; integers have none.
 */
export interface ReferenceTensor<Values = Float32Array | Int32Array | Uint8Array | BigInt64Array> {
  /** For messages: "ops/matmul, case plain, outputs.y". */
  readonly label: string;
  readonly shape: readonly number[];
  readonly values: Values;
  readonly rtol?: number;
  readonly atol?: number;
  /** Only the first lengths[b] entries along `axis` count for batch element b (axis 0); the others are padding. */
  readonly valid?: { readonly lengths: Int32Array; readonly axis: number };
  /** Parameters only: whether training changes it (batch norm's running statistics are not trained). */
  readonly trainable?: boolean;
}

/** The tensors of one kind (inputs, outputs, …) by name. Asking for one that is not there throws, naming those that are. */
export class ReferenceTensors implements Iterable<[string, ReferenceTensor]> {
  private readonly label: string;
  private readonly byName: ReadonlyMap<string, ReferenceTensor>;

  constructor(label: string, byName: ReadonlyMap<string, ReferenceTensor>) {
    this.label = label;
    this.byName = byName;
  }

  has(name: string): boolean {
    return this.byName.has(name);
  }

  get(name: string): ReferenceTensor {
    const tensor = this.byName.get(name);
    if (!tensor) throw new Error(`${this.label}: no '${name}', only ${this.names.join(", ") || "nothing"}.`);
    return tensor;
  }

  /** The tensor of that name, which must be F32. */
  floats(name: string): ReferenceTensor<Float32Array> {
    return this.typed(name, Float32Array);
  }

  /** The tensor of that name, which must be I32. */
  integers(name: string): ReferenceTensor<Int32Array> {
    return this.typed(name, Int32Array);
  }

  /** The tensor of that name, which must be U8: 1 = keep, 0 = padding. */
  mask(name: string): ReferenceTensor<Uint8Array> {
    return this.typed(name, Uint8Array);
  }

  get names(): string[] {
    return [...this.byName.keys()];
  }

  get size(): number {
    return this.byName.size;
  }

  [Symbol.iterator](): Iterator<[string, ReferenceTensor]> {
    return this.byName.entries();
  }

  private typed<Values>(name: string, type: new () => Values): ReferenceTensor<Values> {
    const tensor = this.get(name);
    if (tensor.values instanceof type) return tensor as ReferenceTensor<Values>;
    throw new Error(`${tensor.label}: expected ${type.name}, got ${tensor.values.constructor.name}.`);
  }
}
