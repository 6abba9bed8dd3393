import { expect, it } from "vitest";
import { holm } from "../../../recognition/significance/holm.ts";

it.each([
  // R 4.3: p.adjust(p, "holm")
  [
    [0.01, 0.04, 0.03, 0.005],
    [0.03, 0.06, 0.06, 0.02],
  ],
  [
    [0.2, 0.001, 0.5, 0.012, 0.5],
    [0.6, 0.005, 1, 0.048, 1],
  ],
  [[0.3], [0.3]],
  [[], []],
])("%j becomes %j", (p, adjusted) => {
  expect(holm(p)).toEqual(adjusted.map((value) => expect.closeTo(value, 12)));
});
