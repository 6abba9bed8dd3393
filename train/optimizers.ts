import type { Parameters } from "../engine/parameters.ts";
import { ShapeError } from "../engine/shape.ts";
import type { Tape } from "../engine/tape.ts";
import type { Tensor } from "../engine/tensor.ts";
import { clipFactor, globalNorm } from "../kernels/grad_norm/grad_norm.ts";
import { sgd } from "../kernels/sgd/sgd.ts";
import { optimizerStep, type OptimizerConfig } from "./optimizer.ts";

/** A learning rate, or a function of the step, which counts from 1: `(step) => warmupCosine(step, { … })`. */
export type Rate = number | ((step: number) => number);

export interface AdamWOptions extends Partial<OptimizerConfig> {
  /** Default 0.001. */
  readonly rate?: Rate;
}

export interface SgdSettings {
  /** Default 0.01. */
  readonly rate?: Rate;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  /** Also decay norms and biases, which by default are not decayed. */
  readonly decayAll?: boolean;
  /** Gradients are clipped to this global norm; default: they are not. */
  readonly maxGradNorm?: number;
}

/** Stands for no limit: its quotient by the least norm, 10⁻⁶, is still a number. */
const UNLIMITED = 1e30;

/**
 * AdamW over all parameters (Loshchilov and Hutter, 2019), which counts its own steps. Defaults are PyTorch's, but that norms and biases
 * are not decayed.
 *
 *     const optimizer = new AdamW(parameters, { rate: 0.02 });
 *     tape.backward(loss);
 *     optimizer.step(tape);
 */
export class AdamW {
  readonly #parameters: Parameters;
  readonly #rate: Rate;
  readonly #config: OptimizerConfig;
  #steps = 0;

  constructor(parameters: Parameters, { rate = 1e-3, ...config }: AdamWOptions = {}) {
    this.#parameters = parameters;
    this.#rate = rate;
    this.#config = { betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, maxGradNorm: UNLIMITED, ...config };
  }

  /** Completed steps. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * One step: moves the parameters along the gradients and sets those to zero. A gradient that is not finite moves nothing.
   *
   * @returns the gradients' norm before clipping, one element
   */
  step(tape: Tape): Tensor {
    const rate = rateAt("AdamW", this.#rate, this.#steps + 1);
    return optimizerStep(tape, this.#parameters, this.#config, rate, ++this.#steps);
  }
}

/** Stochastic gradient descent over all parameters, with momentum if wanted; it counts its own steps. Used like `AdamW`. */
export class Sgd {
  readonly #parameters: Parameters;
  readonly #rate: Rate;
  readonly #settings: SgdSettings;
  #steps = 0;

  constructor(parameters: Parameters, { rate = 0.01, ...settings }: SgdSettings = {}) {
    this.#parameters = parameters;
    this.#rate = rate;
    this.#settings = settings;
  }

  /** Completed steps. */
  get steps(): number {
    return this.#steps;
  }

  /** One step, as `AdamW.step`. */
  step(tape: Tape): Tensor {
    const learningRate = rateAt("Sgd", this.#rate, this.#steps + 1);
    const { weightDecay = 0, decayAll = false, maxGradNorm = UNLIMITED, ...momentum } = this.#settings;
    const ranges = this.#parameters.ranges();
    const norm = globalNorm(
      tape,
      ranges.map(({ grads }) => grads),
    );
    const common = {
      ...momentum,
      learningRate,
      step: ++this.#steps,
      gradientScale: clipFactor(tape, norm, maxGradNorm),
    };
    for (const { values, grads, firstMoment, decay } of ranges)
      sgd(
        tape,
        { values, grads, velocity: firstMoment },
        { ...common, weightDecay: decay || decayAll ? weightDecay : 0 },
      );
    this.#parameters.roundToHalf();
    this.#parameters.zeroGrads();
    return norm;
  }
}

function rateAt(optimizer: string, rate: Rate, step: number): number {
  const value = typeof rate === "number" ? rate : rate(step);
  if (!(value >= 0 && value < Infinity))
    throw new ShapeError(optimizer, `rate of step ${step}`, "a number, at least 0", String(value));
  return value;
}
