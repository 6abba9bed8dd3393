import { describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { halfToNumber } from "../../../engine/half.ts";
import { toFloat32 } from "../../../checkpoint/safetensors/half_precision.ts";
import {
  parseSafetensors,
  serialiseSafetensors,
  type SafeTensor,
} from "../../../checkpoint/safetensors/safetensors.ts";

const samples: Record<string, SafeTensor> = {
  bytes: { dtype: "U8", shape: [3], values: Uint8Array.of(1, 2, 255) },
  weights: { dtype: "F32", shape: [2, 2], values: Float32Array.of(0.1, -0, Infinity, 3e-39) },
  half: { dtype: "F16", shape: [1], values: Uint16Array.of(0x3c00) },
  brain: { dtype: "BF16", shape: [1], values: Uint16Array.of(0x3f80) },
  labels: { dtype: "I32", shape: [1, 2], values: Int32Array.of(-1, 7) },
  count: { dtype: "I64", shape: [], values: BigInt64Array.of(-(2n ** 40n)) },
  empty: { dtype: "F32", shape: [0, 80], values: new Float32Array() },
};

/** A file with the given header and so many bytes of data. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const float = (count: number, begin: number, end: number) => ({
  dtype: "F32",
  shape: [count],
  data_offsets: [begin, end],
});

describe("round trip", () => {
  const bytes = serialiseSafetensors(samples, { format: "pt", step: "12" });

  test("every type, a scalar, an empty tensor and the metadata", () => {
    const { tensors, metadata } = parseSafetensors(bytes, "x.safetensors");
    expect(Object.fromEntries(tensors)).toEqual(samples);
    expect(metadata).toEqual({ format: "pt", step: "12" });
  });

  test("tensors are views of the file, also where the file starts inside a buffer", () => {
    const shifted = new Uint8Array(bytes.byteLength + 8);
    shifted.set(bytes, 8);
    for (const { values } of parseSafetensors(shifted.subarray(8), "x").tensors.values()) {
      expect(values.buffer).toBe(shifted.buffer);
    }
  });

  test("a misaligned file is copied where needed", () => {
    const shifted = new Uint8Array(bytes.byteLength + 1);
    shifted.set(bytes, 1);
    expect(Object.fromEntries(parseSafetensors(shifted.subarray(1), "x").tensors)).toEqual(samples);
  });

  test("the order of the tensors does not change the bytes", () => {
    expect(serialiseSafetensors(new Map(Object.entries(samples).reverse()), { format: "pt", step: "12" })).toEqual(
      bytes,
    );
  });

  test("no tensors at all", () => {
    expect(parseSafetensors(serialiseSafetensors({}), "x")).toEqual({ tensors: new Map(), metadata: {} });
  });

  test("values must fill the shape", () => {
    const wrong: SafeTensor = { dtype: "F32", shape: [3], values: new Float32Array(2) };
    expect(() => serialiseSafetensors({ wrong })).toThrow("tensor 'wrong' has 2 values, but its shape [3] needs 3");
  });
});

describe("broken files give one sentence with the file's name", () => {
  const good = serialiseSafetensors(samples);
  const cases: Record<string, [bytes: Uint8Array, message: string]> = {
    "empty file": [new Uint8Array(), "0 bytes"],
    "text file": [new TextEncoder().encode("hello, this is no checkpoint"), "not a safetensors file"],
    "header longer than the file": [good.subarray(0, 40), "truncated"],
    "data cut short": [good.subarray(0, good.length - 1), "truncated"],
    "bad JSON": [file("{", 0), "not valid JSON"],
    "bad UTF-8": [Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0xff), "not valid JSON"],
    "header is a list": [file([], 0), "not a JSON object"],
    "entry is no object": [file({ a: 3 }, 0), "tensor 'a' needs a dtype, a shape and two data_offsets"],
    "no offsets": [file({ a: { dtype: "F32", shape: [1] } }, 4), "two data_offsets"],
    "negative size": [file({ a: { ...float(1, 0, 4), shape: [-1] } }, 4), "needs a dtype, a shape"],
    "unknown type": [
      file({ a: { dtype: "F64", shape: [1], data_offsets: [0, 8] } }, 8),
      "has type F64, expected one of F32",
    ],
    "size against shape": [
      file({ a: float(2, 0, 4) }, 4),
      "tensor 'a', F32 [2], needs 8 bytes, but its data_offsets [0, 4] span 4",
    ],
    "offsets the wrong way round": [file({ a: float(1, 4, 0) }, 4), "span -4"],
    "offsets beyond the file": [file({ a: float(2, 0, 8) }, 4), "ends at byte 8 of the data, but there are only 4"],
    overlap: [file({ a: float(2, 0, 8), b: float(1, 4, 8) }, 8), "tensors 'a' and 'b' overlap"],
    hole: [file({ a: float(1, 0, 4), b: float(1, 8, 12) }, 12), "4 bytes before tensor 'b' belong to no tensor"],
    "bytes left over": [file({ a: float(1, 0, 4) }, 6), "2 bytes after the last tensor"],
    "metadata of numbers": [file({ __metadata__: { step: 3 } }, 0), "must map strings to strings"],
  };
  test.each(Object.entries(cases))("%s", (_, [bytes, message]) => {
    const parse = () => parseSafetensors(bytes, "model.safetensors");
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(/^model\.safetensors[^\n]*\.$/);
  });
});

describe("half precision", () => {
  test("F16: normal, subnormal, zeros, infinities, NaN", () => {
    const values = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00);
    const expected = [1, -2, 0.333251953125, 2 ** -24, 1023 * 2 ** -24, 65504, -0, Infinity, -Infinity, NaN];
    expect([...toFloat32({ dtype: "F16", shape: [10], values })]).toEqual(expected);
  });

  test("F16: every value there is", () => {
    const values = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);
    expect(toFloat32({ dtype: "F16", shape: [2 ** 16], values })).toEqual(Float32Array.from(values, halfToNumber));
  });

  test("BF16 is the upper half of a float32", () => {
    const values = Uint16Array.of(0x3f80, 0xc049, 0x8000, 0x7f80, 0x7fc0);
    expect([...toFloat32({ dtype: "BF16", shape: [5], values })]).toEqual([1, -3.140625, -0, Infinity, NaN]);
  });

  test("integers are refused", () => {
    expect(() => toFloat32(samples.labels as SafeTensor)).toThrow("got I32");
  });
});
