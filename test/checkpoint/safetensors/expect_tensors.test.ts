import { expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import type { Shape } from "../../../engine/shape.ts";
import { expectTensors } from "../../../checkpoint/safetensors/expect_tensors.ts";
import type { SafeTensor } from "../../../checkpoint/safetensors/safetensors.ts";

/** Of a file: nobody may read the values to see whether they fit. */
const stored = (dtype: SafeTensor["dtype"], shape: Shape): SafeTensor =>
  ({
    dtype,
    shape,
    get values() {
      throw new Error("values were read");
    },
  }) as unknown as SafeTensor;

const tensors = new Map([
  ["more", stored("F32", [9])],
  ["half", stored("BF16", [2, 3])],
  ["whole", stored("I64", [2])],
  ["single", stored("F32", [4, 1])],
]);
const file = { path: "a.safetensors", tensors };

it("the tensors wanted come back in the order wanted, and no others", () => {
  expect([
    ...expectTensors(
      file,
      new Map([
        ["single", [4, 1]],
        ["half", [2, 3]],
      ]),
    ).keys(),
  ]).toEqual(["single", "half"]);
  expect(expectTensors(file, [["half", [2, 3]]]).get("half")).toBe(tensors.get("half"));
});

it("all that do not fit are in one message, which says no more of many than how many they are", () => {
  const faults: [string, Shape][] = [
    ["gone", [1]],
    ["whole", [2]],
    ["half", [2, 3]],
    ["single", [4]],
  ];
  const named = "gone is missing; whole has type I64, expected a floating-point one; single is [4, 1], expected [4]";
  expect(() => expectTensors(file, faults)).toThrow(
    new UserError(`a.safetensors does not fit the model of its config: ${named}`),
  );
  const most: [string, Shape][] = [...faults, ["b", [1]], ["c", [1]]];
  expect(() => expectTensors(file, most, "refused")).toThrow(
    new UserError(`refused: ${named}; b is missing; c is missing`),
  );
  expect(() => expectTensors(file, [...most, ["d", [1]], ["e", [1]]], "refused")).toThrow(
    new UserError(`refused: ${named}; b is missing; c is missing; and 2 more`),
  );
});
