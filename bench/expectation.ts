import type { HostTensor, KernelCase } from "../kernels/case.ts";
import { cotangent, hostInputs, rounded } from "../kernels/case_data.ts";

/**
 * A case's expected results by its float64 reference, each computed when first needed, so that these seconds are spent
 * once however many variants are compared. `halves` names inputs that are rounded to f16.
 */
export class Expectation {
  readonly halves: readonly string[];
  readonly inputs: Readonly<Record<string, HostTensor>>;
  readonly #case: KernelCase;
  #output: HostTensor | undefined;
  #gradients: Readonly<Record<string, HostTensor>> | undefined;

  constructor(kernelCase: KernelCase, halves: readonly string[] = []) {
    this.#case = kernelCase;
    this.halves = halves;
    this.inputs = hostInputs(kernelCase, halves);
  }

  get output(): HostTensor {
    return (this.#output ??= this.#case.reference(this.inputs));
  }

  /** The gradient that backward starts from. */
  get cotangent(): HostTensor {
    const dy = cotangent(this.output.shape);
    return this.halves.length > 0 ? rounded(dy) : dy;
  }

  /** By input. Only for cases that have gradients. */
  get gradients(): Readonly<Record<string, HostTensor>> {
    return (this.#gradients ??= this.#case.referenceGradients!(this.inputs, this.cotangent));
  }
}
