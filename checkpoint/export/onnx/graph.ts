import type { SafeTensor } from "../../safetensors/safetensors.ts";
import { toFloat32 } from "../../safetensors/half_precision.ts";
import { AttributeType, DataType, type AttributeProto, type NodeProto, type TensorProto } from "./schema.ts";

/** The name of a tensor that flows through the graph. */
export type Value = string;

/** An integer or a list of integers as ONNX's INT and INTS, `{ float }` as FLOAT. */
export type Attribute = number | readonly number[] | { readonly float: number };

/** State shared by all scopes of a graph. */
interface Content {
  readonly nodes: NodeProto[];
  readonly initialisers: Map<Value, TensorProto>;
  readonly tensors: ReadonlyMap<string, SafeTensor>;
}

/**
 * An ONNX graph under construction. Each call of `op` adds a node and returns the name of its output. A weight is
 * stored once, under its parameter's name, however many nodes read it, so an unfolded network is no larger than its
 * seed.
 */
export class Graph {
  readonly #content: Content;
  readonly #scope: string;

  private constructor(content: Content, scope: string) {
    this.#content = content;
    this.#scope = scope;
  }

  /** An empty graph that takes its weights from these tensors, keyed by parameter name. */
  static of(tensors: ReadonlyMap<string, SafeTensor>): Graph {
    return new Graph({ nodes: [], initialisers: new Map(), tensors }, "");
  }

  /** The same graph, in which new nodes are named `scope/…`. */
  in(scope: string): Graph {
    return new Graph(this.#content, `${this.#scope}${scope}/`);
  }

  get nodes(): readonly NodeProto[] {
    return this.#content.nodes;
  }

  get initialisers(): readonly TensorProto[] {
    return [...this.#content.initialisers.values()];
  }

  /** Adds a node with one output, named `scope/Type_n` unless `named` is given. */
  op(
    opType: string,
    input: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
    named?: string,
  ): Value {
    const name = named ?? this.#newName(opType);
    this.#add(name, opType, input, [name], attributes);
    return name;
  }

  /** Adds a node that halves a tensor along its last axis. */
  halves(x: Value): [Value, Value] {
    const name = this.#newName("Split");
    const [first, second] = [`${name}.first`, `${name}.second`];
    this.#add(name, "Split", [x], [first, second], { axis: -1 });
    return [first, second];
  }

  #newName(opType: string): string {
    return `${this.#scope}${opType}_${this.#content.nodes.length}`;
  }

  #add(
    name: string,
    opType: string,
    input: readonly Value[],
    output: string[],
    attributes: Readonly<Record<string, Attribute>>,
  ): void {
    this.#content.nodes.push({
      name,
      opType,
      input: [...input],
      output,
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    });
  }

  /** The named parameter, in this shape (its own by default). */
  weight(name: string, shape?: readonly number[]): Value {
    return this.#stored(name, () => {
      const tensor = this.#tensor(name);
      return floats(shape ?? tensor.shape, toFloat32(tensor));
    });
  }

  /** The named parameter `[out, in]` or `[out, in, 1]` as `[in, out]`, for MatMul from the right. */
  transposedWeight(name: string): Value {
    return this.#stored(name, () => {
      const tensor = this.#tensor(name);
      const [outputs, inputs] = tensor.shape as readonly [number, number];
      const values = toFloat32(tensor);
      return floats(
        [inputs, outputs],
        Float32Array.from(
          { length: values.length },
          (_, i) => values[(i % outputs) * inputs + Math.floor(i / outputs)] as number,
        ),
      );
    });
  }

  /** A constant float32 array. */
  floats(name: string, shape: readonly number[], values: Float32Array): Value {
    return this.#stored(name, () => floats(shape, values));
  }

  float(value: number): Value {
    return this.floats(`constants/float_${value}`, [], Float32Array.of(value));
  }

  /** A constant int64 vector, for shapes and axes. */
  ints(...values: readonly number[]): Value {
    return this.#stored(`constants/ints_${values.join("_")}`, () => int64([values.length], values));
  }

  int(value: number): Value {
    return this.#stored(`constants/int_${value}`, () => int64([], [value]));
  }

  #tensor(name: string): SafeTensor {
    const tensor = this.#content.tensors.get(name);
    if (!tensor) throw new Error(`Graph: no tensor named '${name}'`);
    return tensor;
  }

  #stored(name: string, make: () => Omit<TensorProto, "name">): Value {
    const { initialisers } = this.#content;
    if (!initialisers.has(name)) initialisers.set(name, { name, ...make() });
    return name;
  }
}

const floats = (
  dims: readonly number[],
  { buffer, byteOffset, byteLength }: Float32Array,
): Omit<TensorProto, "name"> => ({
  dims,
  dataType: DataType.FLOAT,
  rawData: new Uint8Array(buffer, byteOffset, byteLength),
});

const int64 = (dims: readonly number[], values: readonly number[]): Omit<TensorProto, "name"> => ({
  dims,
  dataType: DataType.INT64,
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: value };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value };
}
