import type { KernelCase, OperationCases } from "../case.ts";
import { klDivergence } from "./kl_divergence.ts";
import { klGradients, klReference, type ReferenceOptions } from "./reference.ts";

const defaults: ReferenceOptions = {
  temperature: 1,
  squared: false,
  direction: "teacher_to_student",
  reduction: "frames",
};

/** Both sides learn. `frames`: the real frames of each utterance; default all. */
function klCase(
  name: string,
  shape: readonly [number, number, number],
  lengths: readonly number[],
  more: Partial<ReferenceOptions> = {},
  benchmark = false,
): KernelCase {
  const options = { ...defaults, ...more };
  const { temperature, squared, direction, reduction } = options;
  const size = shape[0] * shape[1] * shape[2];
  return {
    name,
    inputs: {
      student: { shape },
      teacher: { shape },
      lengths: { shape: [shape[0]], dtype: "i32", value: (b) => lengths[b] as number },
    },
    run: (tape, { student, teacher, lengths: frames }) =>
      klDivergence(tape, student!, teacher!, {
        lengths: lengths.every((length) => length === shape[1]) ? undefined : frames,
        temperature,
        scaleBySquaredTemperature: squared,
        direction,
        reduction,
        detach: "none",
      }),
    reference: (inputs) => klReference(inputs.student!, inputs.teacher!, inputs.lengths!, options),
    referenceGradients: (inputs, dy) => klGradients(inputs.student!, inputs.teacher!, inputs.lengths!, options, dy),
    flops: 12 * size,
    bytes: 4 * 2 * size,
    benchmark,
  };
}

export const cases: OperationCases = {
  operation: "kl_divergence",
  cases: [
    klCase("odd", [3, 5, 13], [5, 2, 0]),
    klCase("the other way", [3, 5, 13], [5, 2, 4], { direction: "student_to_teacher" }),
    klCase("warm", [2, 7, 9], [7, 3], { temperature: 2.5, squared: true, reduction: "batch" }),
    klCase("warm, the other way", [2, 7, 9], [7, 3], {
      temperature: 0.7,
      direction: "student_to_teacher",
      reduction: "sum",
    }),
    klCase("every frame, over two workgroups", [3, 23, 4], [23, 23, 23], { temperature: 2, squared: true }),
    klCase("four classes at once", [2, 19, 36], [19, 4], { temperature: 1.5 }),
    klCase("more classes than threads", [1, 3, 300], [2]),
    klCase("one class", [1, 2, 1], [2]),
    klCase("no frame at all", [2, 3, 4], [0, 0]),
    klCase("posteriors 16 x 100 x 500", [16, 100, 500], new Array<number>(16).fill(100), {}, true),
  ],
};
