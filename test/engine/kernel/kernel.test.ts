import { describe, expect, it } from "vitest";
import { defineKernel, spread, type KernelDeclaration } from "../../../engine/kernel/kernel.ts";
import { Storage, Tensor } from "../../../engine/tensor.ts";
import { emptyTensor, ownerOf, read, tensor, zeroTensor } from "../../../engine/transfer.ts";
import { testDevice } from "../../test_device.ts";

type Declaration = KernelDeclaration<string, string, string>;

const shader = (name: string): URL => new URL(`./shaders/${name}.wgsl`, import.meta.url);
const affineDeclaration = {
  file: shader("affine"),
  bindings: { x: "read", y: "read_write" },
  sizes: { count: "u32", shift: "i32" },
  constants: ["FACTOR"],
  workgroups: ({ count }: Readonly<Record<"count" | "shift", number>>) => spread(count, 8),
} as const;
const affine = defineKernel(affineDeclaration);
const device = testDevice();

describe("a declaration that disagrees with its shader is refused, with the file and both sides", () => {
  const refused: [string, Partial<Declaration>, string][] = [
    ["a missing binding", { bindings: { x: "read" } }, "binding 'y' is read_write, but is not declared"],
    [
      "a binding too many",
      { bindings: { x: "read", y: "read_write", z: "read" } },
      "declared binding 'z' is not in the shader",
    ],
    [
      "another access",
      { bindings: { x: "read_write", y: "read_write" } },
      "binding 'x' is read, but declared as read_write",
    ],
    [
      "a size of another name",
      { sizes: { n: "u32", shift: "i32" } },
      "var<immediate> has (count: u32, shift: i32), but is declared as (n: u32, shift: i32)",
    ],
    [
      "a size of another type",
      { sizes: { count: "u32", shift: "f32" } },
      "var<immediate> has (count: u32, shift: i32), but is declared as (count: u32, shift: f32)",
    ],
    [
      "sizes in another order",
      { sizes: { shift: "i32", count: "u32" } },
      "var<immediate> has (count: u32, shift: i32), but is declared as (shift: i32, count: u32)",
    ],
    [
      "a size too few",
      { sizes: { count: "u32" } },
      "var<immediate> has (count: u32, shift: i32), but is declared as (count: u32)",
    ],
    ["no sizes", { sizes: {} }, "var<immediate> has (count: u32, shift: i32), but is declared as ()"],
    [
      "a constant without a line",
      { constants: ["FACTOR", "TILE"] },
      "expected one line 'const TILE: <type> = …;', got 0",
    ],
  ];
  it.each(refused)("%s", (_, change, message) => {
    expect(() => defineKernel({ ...(affineDeclaration as unknown as Declaration), ...change }).load()).toThrow(
      `shaders/affine.wgsl: ${message}`,
    );
  });

  it("and the one that agrees is not", () => {
    expect(affine.load().entryPoint).toBe("main");
    expect(affine.label).toBe("shaders/affine");
  });
});

describe("encode", () => {
  const on = () => ({ device: device() });

  it("runs the shader with its sizes and constants", async () => {
    const x = tensor(device(), [1, 2, 3], [3]);
    const y = emptyTensor(device(), [3]);
    affine.encode(on(), { x, y }, { count: 3, shift: -1 }, { FACTOR: 2 });
    expect([...(await read(device(), y))]).toEqual([1, 3, 5]);
    affine.encode(on(), { x, y }, { count: 2, shift: 0 }, { FACTOR: 0.5 });
    expect([...(await read(device(), y))]).toEqual([0.5, 1, 5]);
  });

  it("compiles once for each combination of constants", () => {
    const shader = affine.load();
    const x = zeroTensor(device(), [1]);
    const pipeline = (factor: number) =>
      device().pipelines.get(affine.label, shader, ["FACTOR"], { FACTOR: factor }, { x, y: x });
    expect(pipeline(2)).toBe(pipeline(2));
    expect(pipeline(2)).not.toBe(pipeline(3));
  });

  it("encodes nothing for no elements", () => {
    const { dispatches } = device().recorder;
    const [x, y] = [emptyTensor(device(), [0]), emptyTensor(device(), [0])];
    affine.encode(on(), { x, y }, { count: 0, shift: 0 }, { FACTOR: 1 });
    expect(device().recorder.dispatches).toBe(dispatches);
  });

  it("refuses a tensor of another type", () => {
    const x = tensor(device(), Int32Array.of(1), [1]);
    const y = emptyTensor(device(), [1]);
    expect(() => affine.encode(on(), { x, y }, { count: 1, shift: 0 }, { FACTOR: 1 })).toThrow(
      "shaders/affine: binding 'x' is f32, but the tensor is i32",
    );
  });

  it("refuses one buffer both read and written", () => {
    const x = zeroTensor(device(), [1]);
    expect(() => affine.encode(on(), { x, y: x }, { count: 1, shift: 0 }, { FACTOR: 1 })).toThrow(
      "shaders/affine: 'x' and 'y' share a buffer and one of them is written",
    );
  });

  it("writes two slices of one buffer, but not one twice", async () => {
    const twoOutputs = defineKernel({
      file: shader("two_outputs"),
      bindings: { a: "read_write", b: "read_write" },
      workgroups: () => [1],
    });
    const storage = new Storage(device().pool.acquire(512), ownerOf(device()), true);
    const slice = (offset: number) => new Tensor([1], "f32", storage, { offset });
    twoOutputs.encode(on(), { a: slice(0), b: slice(256) }, {}, {});
    expect([(await read(device(), slice(0)))[0], (await read(device(), slice(256)))[0]]).toEqual([1, 2]);
    expect(() => twoOutputs.encode(on(), { a: slice(0), b: slice(0) }, {}, {})).toThrow("'a' and 'b' share a buffer");
  });

  it("refuses a tensor that was given back", () => {
    const [x, y] = [emptyTensor(device(), [1]), emptyTensor(device(), [1])];
    x.storage.release();
    expect(() => affine.encode(on(), { x, y }, { count: 1, shift: 0 }, { FACTOR: 1 })).toThrow(
      "a tensor was used after its scope, its tape or release() freed it",
    );
  });

  it("refuses more workgroups than an axis has", () => {
    const many = defineKernel({ ...affineDeclaration, workgroups: () => [1, 65536] });
    const [x, y] = [emptyTensor(device(), [1]), emptyTensor(device(), [1])];
    expect(() => many.encode(on(), { x, y }, { count: 1, shift: 0 }, { FACTOR: 1 })).toThrow(
      "shaders/affine: 1 x 65536 x 1 workgroups, expected at most 65535 per axis",
    );
  });

  it("spread folds a long row of threads into two axes that hold all of them", () => {
    expect(spread(0, 64)).toEqual([0, 1]);
    expect(spread(65, 64)).toEqual([2, 1]);
    for (const threads of [65535 * 64, 65535 * 64 + 1, 3e8]) {
      const [x, y] = spread(threads, 64);
      expect(Math.max(x, y)).toBeLessThanOrEqual(65535);
      expect(x * y * 64).toBeGreaterThanOrEqual(threads);
      expect(x * y * 64 - threads).toBeLessThan((y + 1) * 64);
    }
  });
});
