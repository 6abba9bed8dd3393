import type { Shape } from "../engine/shape.ts";
import type { Tape } from "../engine/tape.ts";
import type { DType, Tensor } from "../engine/tensor.ts";

/** An array on the host, in float64 so that reference values are exact to float32. */
export interface HostTensor {
  readonly shape: Shape;
  readonly data: Float64Array;
}

export interface CaseInput {
  readonly shape: Shape;
  /** Default f32. Integer inputs have no gradient. */
  readonly dtype?: DType;
  /** Element i of the input; default: standard normal numbers that depend on the input's name and i. */
  readonly value?: (i: number) => number;
  /** False for f32 inputs that the operation does not differentiate. */
  readonly grad?: boolean;
}

export type HostInputs = Readonly<Record<string, HostTensor>>;

/** One row of the list that tests, gradient checks and the benchmark share. */
export interface KernelCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly run: (tape: Tape, inputs: Readonly<Record<string, Tensor>>) => Tensor;
  /** The operation in float64: its definition. */
  readonly reference: (inputs: HostInputs) => HostTensor;
  /** Its gradients in float64, by input name. Absent: the operation has none. */
  readonly referenceGradients?: (inputs: HostInputs, dy: HostTensor) => Readonly<Record<string, HostTensor>>;
  /** Arithmetic of one forward pass. */
  readonly flops: number;
  /** Bytes one forward pass must move: each input read once, each output written once. */
  readonly bytes: number;
  /** Only for timing: too large for a gradient check. It is still compared with the reference first. */
  readonly benchmark?: boolean;
  /** Inputs that may also be f16, as activations are in mixed precision; then so are their gradients and possibly the output. */
  readonly half?: readonly string[];
  /** Allowed |got - expected| ≤ atol + rtol · |expected|; give a reason if it is not the default 1e-4 / 1e-5. */
  readonly tolerance?: { readonly rtol: number; readonly atol: number; readonly why: string };
}

export interface OperationCases {
  readonly operation: string;
  readonly cases: readonly KernelCase[];
}

/** A host tensor filled by `value`. */
export function host(shape: Shape, value: (i: number) => number): HostTensor {
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, data: Float64Array.from({ length: size }, (_, i) => value(i)) };
}
